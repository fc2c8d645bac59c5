import TestSupport
import Testing

/// A video that ffmpeg makes.
struct Clip: Sendable, CustomTestStringConvertible {
    /// What ffprobe calls it.
    enum Codec: String, Sendable {
        case mpeg2 = "mpeg2video"
        case h264
        case h265 = "hevc"
    }

    var codec: Codec
    /// ffmpeg's name of the container or stream.
    var format: String
    /// Of the file in the mount.
    var suffix: String
    /// The transfer syntax of a single fragment.
    var syntax: String
    var number: Int

    static let frames = 50

    static let all = [
        Clip(codec: .mpeg2, format: "mpeg", suffix: "mpg", syntax: "1.2.840.10008.1.2.4.100", number: 1),
        Clip(codec: .mpeg2, format: "mpegts", suffix: "ts", syntax: "1.2.840.10008.1.2.4.101", number: 2),
        Clip(codec: .mpeg2, format: "mpeg2video", suffix: "m2v", syntax: "1.2.840.10008.1.2.4.100", number: 3),
        Clip(codec: .h264, format: "mp4", suffix: "mp4", syntax: "1.2.840.10008.1.2.4.102", number: 4),
        Clip(codec: .h264, format: "mpegts", suffix: "ts", syntax: "1.2.840.10008.1.2.4.103", number: 5),
        Clip(codec: .h264, format: "h264", suffix: "h264", syntax: "1.2.840.10008.1.2.4.102", number: 6),
        Clip(codec: .h265, format: "mp4", suffix: "mp4", syntax: "1.2.840.10008.1.2.4.107", number: 7),
        Clip(codec: .h265, format: "hevc", suffix: "h265", syntax: "1.2.840.10008.1.2.4.108", number: 8),
    ]

    var testDescription: String { "\(codec) \(format)" }
    /// Its name in the folder of the sources.
    var source: String { "clip\(number)" }

    /// How the instance has it.
    enum Layout: Int, CaseIterable, Sendable {
        /// One fragment, an empty offset table.
        case whole = 1
        /// One fragment, an offset table with one entry.
        case wholeWithTable = 2
        /// Several fragments, in the fragmentable syntax.
        case cut = 3
        case cutWithTable = 4

        var isCut: Bool { self == .cut || self == .cutWithTable }
        var hasTable: Bool { self == .wholeWithTable || self == .cutWithTable }

        /// The lengths of fragments, again and again until all is in one: of a page, a chunk, and what fits nothing.
        static let lengths = [500, 2, 4096, 188, 70_000, 16_384, 6, 262_144]
    }

    static let study = "1.2.826.0.1.3680043.10.1462.2"
    static let series = study + ".1"

    func uid(_ layout: Layout) -> String { "\(Self.series).\(number).\(layout.rawValue)" }

    /// Where the fragments begin, of a clip cut in several; its end besides.
    static func borders(_ length: Int) -> [Int] {
        var borders = [0]
        var place = 0
        while place < length {
            place = min(length, place + Layout.lengths[(borders.count - 1) % Layout.lengths.count])
            borders.append(place)
        }
        return borders
    }

    /// Writes the clips and their instances to a folder.
    static func write(in folder: String) throws {
        for clip in all {
            let encoder: [String] =
                switch clip.codec {
                case .mpeg2: ["mpeg2video", "-b:v", "8M"]
                case .h264: ["libx264"]
                case .h265: ["libx265", "-x265-params", "log-level=error"]
                }
            let made = try Program.run(
                "ffmpeg",
                [
                    "-v", "error", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=25:duration=2",
                    // Noise, for a clip of several chunks.
                    "-vf", clip.codec == .mpeg2 ? "noise=alls=60:allf=t" : "null", "-pix_fmt", "yuv420p", "-c:v",
                ] + encoder + ["-f", clip.format, "\(folder)/\(clip.source)"])
            guard made.status == 0 else { throw UnexpectedExit(program: made) }
        }
        let lines = all.flatMap { clip in
            Layout.allCases.map { layout in
                // Of H.265 any syntax is fragmentable.
                let syntax = clip.syntax + (layout.isCut && clip.codec != .h265 ? ".1" : "")
                let lengths = layout.isCut ? Layout.lengths : [1 << 30]
                return "\(clip.source) \(clip.uid(layout)) \(syntax) \(layout.hasTable ? 4 : 0) "
                    + lengths.map { "\($0)" }.joined(separator: " ")
            }
        }
        let wrapped = try Python.run(wrap, [folder], input: lines.joined(separator: "\n"))
        guard wrapped.status == 0 else { throw UnexpectedExit(program: wrapped) }
    }

    private static let wrap = """
        import itertools, struct, sys
        import pydicom
        from pydicom.dataset import Dataset, FileMetaDataset

        def item(value): return struct.pack('<HHI', 0xFFFE, 0xE000, len(value)) + value

        for line in sys.stdin:
            source, uid, syntax, table, *lengths = line.split()
            path = f'{sys.argv[1]}/{source}'
            video = open(path, 'rb').read()
            if video[4:8] == b'ftyp' and len(video) % 2 == 0:
                # A box that players pass over: an odd length, which is padded.
                video += struct.pack('>I4sB', 9, b'free', 0)
                open(path, 'wb').write(video)
            padded, start = video + b'\\0' * (len(video) % 2), 0
            pixels = item(bytes(int(table)))
            for length in itertools.cycle(map(int, lengths)):
                if start >= len(padded): break
                pixels += item(padded[start:start + length])
                start += length
            ds = Dataset()
            ds.SOPClassUID = '1.2.840.10008.5.1.4.1.1.77.1.4.1'; ds.SOPInstanceUID = uid
            ds.SeriesInstanceUID = uid.rsplit('.', 2)[0]; ds.StudyInstanceUID = uid.rsplit('.', 3)[0]
            ds.PatientID = 'P1'; ds.PatientName = 'Doe^Jane'; ds.Modality = 'XC'
            ds.Rows, ds.Columns, ds.NumberOfFrames, ds.CineRate, ds.FrameTime = 240, 320, 50, 25, 40
            ds.FrameIncrementPointer = 0x00181063
            ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, 'YBR_PARTIAL_420', 0
            ds.BitsAllocated = ds.BitsStored = 8; ds.HighBit = 7; ds.PixelRepresentation = 0
            ds.PixelData = pixels
            ds['PixelData'].VR = 'OB'; ds['PixelData'].is_undefined_length = True
            ds.file_meta = FileMetaDataset()
            ds.file_meta.TransferSyntaxUID = pydicom.uid.UID(syntax)
            pydicom.dcmwrite(f'{sys.argv[1]}/{uid}.dcm', ds, enforce_file_format=True, implicit_vr=False,
                             little_endian=True)
        """
}

extension Trait where Self == SharedArchive.Filled {
    /// The instances of all clips; the clips lie in the same folder.
    static var clips: Self {
        SharedArchive.Filled { folder in
            try Clip.write(in: folder)
            return []
        }
    }
}
