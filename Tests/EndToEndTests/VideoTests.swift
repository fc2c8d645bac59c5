import Foundation
import TestSupport
import Testing

/// Videos that ffmpeg makes and instances have, as files of the mount.
@Suite(.enabled(if: Python.path != nil, "\(Python.missing)"), .clips)
struct VideoTests {
    private let mount = SharedArchive.current.mount
    private let sources = SharedArchive.current.sources

    @Test(arguments: Clip.all, Clip.Layout.allCases)
    func `a video is one file with the suffix of its kind, without pictures of frames`(
        clip: Clip, layout: Clip.Layout
    ) throws {
        let folder = "\(mount)/.views/by-uid/\(Clip.study)/\(Clip.series)"
        let stem = clip.uid(layout)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix(stem + ".") }
        #expect(names.sorted() == ["dcm", clip.suffix].sorted().map { "\(stem).\($0)" })
        for suffix in ["png", "frames", "mpg", "ts", "m2v", "mp4", "h264", "h265", "pdf"] where suffix != clip.suffix {
            #expect(!FileManager.default.fileExists(atPath: "\(folder)/\(stem).\(suffix)"), "\(suffix)")
        }
    }

    @Test func `the tree lists the videos beside their instances`() throws {
        let found = try Program.run("find", [mount, "-mindepth", "4", "-printf", "%y %f\\n"])
        let endings = found.output.split(separator: "\n").compactMap { $0.split(separator: ".").last.map { "\($0)" } }
        let counts = Dictionary(endings.map { ($0, 1) }, uniquingKeysWith: +)
        let each = Clip.Layout.allCases.count
        #expect(
            counts == [
                "dcm": 8 * each, "mpg": each, "ts": 2 * each, "m2v": each, "mp4": 2 * each, "h264": each, "h265": each,
            ])
    }

    @Test(arguments: Clip.all, Clip.Layout.allCases)
    func `its bytes are those of the clip, padded to an even length`(clip: Clip, layout: Clip.Layout) throws {
        let original = try original(clip)
        let file = try DirectFile(path(clip, layout))
        #expect(file.size == original.count + original.count % 2)
        let expected = padded(original)
        let isSame = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path(clip, layout)))) == expected
        #expect(isSame)
        #expect(try file.readAll(by: 10_007) == expected)
    }

    @Test func `a listing has the sizes before anything was read`() throws {
        let served = try ServedArchive()
        defer { served.stop() }
        #expect(try DicomFS.run("import", "--archive", served.archive, sources).status == 0)
        // The kernel corrects a size that is too large once a read ends before it.
        let listed = try Program.run(
            "find", ["\(served.mount)/.views/by-uid", "-type", "f", "!", "-name", "*.dcm", "-printf", "%f %s\\n"])
        let expected = try Clip.all.flatMap { clip in
            let size = padded(try original(clip)).count
            return Clip.Layout.allCases.map { "\(clip.uid($0)).\(clip.suffix) \(size)" }
        }
        #expect(listed.output.split(separator: "\n").map { String($0) }.sorted() == expected.sorted())
    }

    @Test func `among the clips are odd and even lengths, and one of several chunks`() throws {
        let lengths = try Clip.all.map { try original($0).count }
        #expect(Set(lengths.map { $0 % 2 }) == [0, 1])
        #expect(lengths.max() ?? 0 > 1_000_000)
        #expect(lengths.min() ?? 0 > 4096)
    }

    @Test(arguments: Clip.all)
    func `ffprobe finds the codec and the frames of the clip`(clip: Clip) throws {
        let expected = try Self.probe("\(sources)/\(clip.source)")
        #expect(expected.contains("codec_name=\(clip.codec.rawValue)\n"))
        #expect(expected.contains("nb_read_frames=\(Clip.frames)\n"))
        for layout in Clip.Layout.allCases {
            #expect(try Self.probe(path(clip, layout)) == expected, "\(layout)")
        }
    }

    @Test(arguments: Clip.all)
    func `a frame that ffmpeg seeks is the same in the mount`(clip: Clip) throws {
        func frame(_ path: String) throws -> String {
            // The last but ten: players go back and forth for it.
            let arguments = ["-v", "error", "-ss", "1.6", "-i", path, "-frames:v", "1", "-f", "framemd5", "-"]
            let done = try Program.run("ffmpeg", arguments)
            #expect(done.status == 0, "\(done.errors)")
            return done.output
        }
        let expected = try frame("\(sources)/\(clip.source)")
        #expect(expected.contains(", "))
        for layout in [Clip.Layout.whole, .cutWithTable] { #expect(try frame(path(clip, layout)) == expected) }
    }

    @Test(arguments: Clip.all, [Clip.Layout.cut, .cutWithTable])
    func `reads across the borders of fragments give what slices of the clip are`(
        clip: Clip, layout: Clip.Layout
    ) throws {
        let expected = padded(try original(clip))
        let file = try DirectFile(path(clip, layout))
        let borders = Clip.borders(expected.count)
        #expect(borders.count > 4)
        var wrong: [Range<Int>] = []
        for border in borders {
            for (before, after) in [(1, 1), (0, 1), (1, 0), (5, 300), (300, 5), (5000, 90_000), (90_000, 5000)] {
                let range = max(0, border - before)..<border + after
                let slice = expected[range.clamped(to: 0..<expected.count)]
                if try file.read(range) != Array(slice) { wrong.append(range) }
            }
        }
        #expect(wrong == [])
        #expect(try file.read(expected.count..<expected.count + 10) == [])
    }

    private static func probe(_ path: String) throws -> String {
        let done = try Program.run(
            "ffprobe",
            [
                "-v", "error", "-count_frames", "-select_streams", "v", "-show_entries",
                "stream=codec_name,width,height,nb_read_frames", "-of", "default=noprint_wrappers=1", path,
            ])
        guard done.status == 0 else { throw UnexpectedExit(program: done) }
        return done.output
    }

    private func path(_ clip: Clip, _ layout: Clip.Layout) -> String {
        "\(mount)/.views/by-uid/\(Clip.study)/\(Clip.series)/\(clip.uid(layout)).\(clip.suffix)"
    }

    private func original(_ clip: Clip) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(sources)/\(clip.source)")))
    }

    private func padded(_ bytes: [UInt8]) -> [UInt8] { bytes + [UInt8](repeating: 0, count: bytes.count % 2) }
}
