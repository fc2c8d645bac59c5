import COpenJPEG
import Glibc

/// JPEG 2000 and HTJ2K codestreams, by OpenJPEG.
enum JPEG2000 {
    static let boxSignature: [UInt8] = [0, 0, 0, 12, 0x6A, 0x50, 0x20, 0x20]

    /// Whether bytes begin as such a codestream does, or as a JP2 file, which is against the standard but occurs.
    static func begins(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.starts(with: [0xFF, 0x4F, 0xFF, 0x51]) || bytes.starts(with: boxSignature)
    }

    /// Decodes a frame, as ``FrameDecoder/decode(_:_:_:)``.
    static func decode(
        _ bytes: UnsafeRawBufferPointer, for wanted: FrameFormat
    ) throws(CodecError) -> DecodedFrame {
        // Of a file only the codestream: its other boxes could replace the components by what a palette makes of them.
        guard let bytes = JPEG2000Header.codestream(bytes) else { throw CodecError("the JP2 file has no codestream") }
        let size = try JPEG2000Header(bytes)
        try size.check(against: wanted)
        try size.checkCoding(bytes)
        guard let codec = opj_create_decompress(OPJ_CODEC_J2K) else {
            throw CodecError("OpenJPEG has no memory")
        }
        defer { opj_destroy_codec(codec) }
        var parameters = opj_dparameters_t()
        opj_set_default_decoder_parameters(&parameters)
        guard opj_setup_decoder(codec, &parameters) != 0 else { throw CodecError("OpenJPEG has no memory") }
        let source = MemoryStream(bytes)
        guard let stream = source.stream() else { throw CodecError("OpenJPEG has no memory") }
        defer { opj_stream_destroy(stream) }
        var header: UnsafeMutablePointer<opj_image_t>?
        guard opj_read_header(stream, codec, &header) != 0, let image = header else {
            throw CodecError("the header of the JPEG 2000 codestream is broken")
        }
        defer { opj_image_destroy(image) }
        let format = try self.format(of: image.pointee, wanted)
        guard opj_decode(codec, stream, image) != 0 else { throw CodecError("the JPEG 2000 codestream is broken") }
        withExtendedLifetime(source) {}
        guard try self.format(of: image.pointee, wanted) == format else {
            throw CodecError("the JPEG 2000 codestream is not what its header says")
        }
        return DecodedFrame(format: format, isYBR: nil, samples: try samples(of: image.pointee, format))
    }

    private static func format(of image: opj_image_t, _ wanted: FrameFormat) throws(CodecError) -> FrameFormat {
        guard image.numcomps > 0, let component = image.comps?[0], image.x1 > image.x0, image.y1 > image.y0 else {
            throw CodecError("the JPEG 2000 codestream has no components")
        }
        let precision = Int(component.prec)
        let format = FrameFormat(
            width: Int(image.x1 - image.x0), height: Int(image.y1 - image.y0),
            // A fourth one is opacity, a second one as well.
            samplesPerPixel: image.numcomps >= 3 ? 3 : 1,
            bitsAllocated: precision <= 8 ? 8 : precision <= 16 ? 16 : 32, bitsStored: precision,
            isSigned: component.sgnd != 0)
        try format.check(against: wanted)
        return format
    }

    /// Its components as one frame; those of which there are fewer samples repeat theirs.
    private static func samples(of image: opj_image_t, _ format: FrameFormat) throws(CodecError) -> [UInt8] {
        let components = (0..<format.samplesPerPixel).map { image.comps[$0] }
        for component in components {
            guard component.data != nil, component.w > 0, component.h > 0, component.dx > 0, component.dy > 0,
                Int(component.prec) == format.bitsStored
            else { throw CodecError("the components of the JPEG 2000 codestream are not all there, or not alike") }
        }
        return [UInt8](unsafeUninitializedCapacity: format.length) { buffer, count in
            for (place, component) in components.enumerated() {
                guard let base = buffer.baseAddress else { return }
                let target = Target(base: UnsafeMutableRawPointer(base), place: place, format: format)
                switch format.bitsAllocated {
                case 8: target.fill(from: component) { UInt8(truncatingIfNeeded: $0) }
                case 16: target.fill(from: component) { UInt16(truncatingIfNeeded: $0).littleEndian }
                default: target.fill(from: component) { UInt32(truncatingIfNeeded: $0).littleEndian }
                }
            }
            count = format.length
        }
    }

    /// Where the samples of one component go.
    private struct Target {
        let base: UnsafeMutableRawPointer
        let place: Int
        let format: FrameFormat

        @inline(__always)
        func fill<Word>(from component: opj_image_comp_t, _ word: (Int32) -> Word) {
            let words = base.bindMemory(to: Word.self, capacity: format.width * format.height * format.samplesPerPixel)
            let (dx, dy) = (Int(component.dx), Int(component.dy))
            let (width, height) = (Int(component.w), Int(component.h))
            guard let data = component.data else { return }
            var next = place
            for line in 0..<format.height {
                let row = data + min(line / dy, height - 1) * width
                if dx == 1, width == format.width {
                    for column in 0..<format.width {
                        words[next] = word(row[column])
                        next += format.samplesPerPixel
                    }
                } else {
                    for column in 0..<format.width {
                        words[next] = word(row[min(column / dx, width - 1)])
                        next += format.samplesPerPixel
                    }
                }
            }
        }
    }
}
