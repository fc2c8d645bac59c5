import Foundation
import TestSupport
import Testing

/// `dicomfs render`, on real files.
@Suite(.enabled(if: Python.testFiles != nil, "\(Python.missing)"), .renderedFiles)
struct RenderTests {
    private let archive = SharedArchive.current.archive
    private let mount = SharedArchive.current.mount

    @Test(arguments: [RenderedFile.ct, .frames, .overlay])
    func `a picture has the pixels of the png in the mount, to a pipe as to a file`(file: RenderedFile) throws {
        let listed = try file.listed()
        let written = try file.render()
        let mounted = try Data(contentsOf: URL(fileURLWithPath: "\(mount)/\(listed.path.dropLast(4)).png"))
        #expect(try PNGCheck.areEqual(written, [UInt8](mounted), file))
        #expect(written.count < mounted.count, "it is compressed")
        #expect(try piped(["--archive", archive, listed.id]) == written)
        // Without dashes, and the digits that names end with.
        let plain = listed.id.replacingOccurrences(of: "-", with: "")
        for id in [plain, String(plain.prefix(10))] { #expect(try piped(["--archive", archive, id]) == written) }
    }

    @Test func `a picture is the same file in place and while the archive is served`() throws {
        let folder = try TemporaryFolder()
        let own = folder.appending("archive")
        let files = [RenderedFile.ct, .frames, .overlay]
        #expect(try Program.run(DicomFS.path, ["import", "--archive", own] + files.map(\.path)).status == 0)
        let options = [
            (RenderedFile.ct, ["--window", "100,500"]), (.ct, ["--raw16"]), (.frames, ["--frame", "30"]),
            (.overlay, ["--overlays"]), (.overlay, []),
        ]
        func all() throws -> [[UInt8]] {
            try options.map { try piped(["--archive", own, try $0.listed(in: own).id] + $1) }
        }
        let inPlace = try all()
        #expect(
            inPlace.allSatisfy { $0.starts(with: [0x89, 0x50, 0x4E, 0x47]) } && Set(inPlace).count == options.count)
        let served = try ServedArchive(archive: own)
        defer { served.stop() }
        #expect(try all() == inPlace)
        #expect(served.isRunning)
    }

    @Test(arguments: [1, 2, 15, 30]) func `a frame has the pixels of its png in the mount`(number: Int) throws {
        let rendered = try RenderedFile.frames.render("--frame", "\(number)")
        let stem = try RenderedFile.frames.listed().path.dropLast(4)
        let name = String(repeating: "0", count: number < 10 ? 3 : 2) + "\(number).png"
        let mounted = try Data(contentsOf: URL(fileURLWithPath: "\(mount)/\(stem).frames/\(name)"))
        #expect(try PNGCheck.areEqual(rendered, [UInt8](mounted), .frames))
        let other = try RenderedFile.frames.render("--frame", "\(number % 30 + 1)")
        #expect(try !PNGCheck.areEqual(rendered, other, .frames))
    }

    @Test(arguments: [
        (RenderedFile.ct, "40,400"), (.ct, "-600,1500"), (.ct, "0.5,1"), (.ct, "1e3,2.5"), (.overlay, "450,790"),
        (.overlay, "100,90"),
    ])
    func `a window is the one of the standard's formula, instead of the instance's`(
        file: RenderedFile, window: String
    ) throws {
        let script = """
            c, w = \(window)
            x = ds.pixel_array * float(ds.get('RescaleSlope', 1)) + float(ds.get('RescaleIntercept', 0))
            with np.errstate(all='ignore'):
                y = ((x - (c - 0.5)) / (w - 1) + 0.5) * 255
            y = np.where(x <= c - 0.5 - (w - 1) / 2, 0, np.where(x > c - 0.5 + (w - 1) / 2, 255, y))
            print(modes, (pngs[0] == np.floor(y + 0.5)).all(), len(np.unique(pngs[0])) > 1)
            """
        #expect(
            try PNGCheck.run(script, file, try file.render("--window=\(window)")) == "['L'] True True\n")
    }

    @Test(arguments: [RenderedFile.ct, .overlay])
    func `raw16 gives the values that pydicom reads, signed ones in two's complement`(file: RenderedFile) throws {
        let script = """
            stored = ds.pixel_array.astype(np.int64)
            print(modes, (pngs[0] == stored & 0xFFFF).all(), stored.min() < 0)
            """
        let rendered = try file.render("--raw16")
        // Bit depth and colour type of IHDR: 16, grey.
        #expect(rendered[24..<26] == [16, 0])
        // The CT has no values below 0: what is signed is tried below.
        #expect(try PNGCheck.run(script, file, rendered) == "['I;16'] True False\n")
    }

    @Test func `raw16 of values below 0 is their two's complement`() throws {
        let folder = try TemporaryFolder()
        let (own, source) = (folder.appending("archive"), folder.appending("a.dcm"))
        let changed = try Python.run(
            """
            import sys
            import numpy as np
            import pydicom
            ds = pydicom.dcmread(sys.argv[1])
            ds.PixelData = (ds.pixel_array.astype(np.int32) * 40 - 32768).clip(-32768, 32767).astype('<i2').tobytes()
            ds.save_as(sys.argv[2])
            """, [RenderedFile.ct.path, source])
        #expect(changed.status == 0, "\(changed.errors)")
        #expect(try DicomFS.run("import", "--archive", own, source).status == 0)
        let rendered = try RenderedFile.ct.render("--raw16", in: own)
        let script = """
            stored = pydicom.dcmread('\(source)').pixel_array.astype(np.int64)
            print((pngs[0] == stored % 65536).all(), stored.min(), stored.max() > 0)
            """
        #expect(try PNGCheck.run(script, .ct, rendered) == "True -27648 True\n")
    }

    @Test func `overlays are white where pydicom finds them set, and nothing else differs`() throws {
        let script = """
            mask = ds.overlay_array(0x6000) == 1
            without, over = pngs
            print((over == np.where(mask, 255, without)).all(), 0 < mask.sum() < mask.size)
            print(((over != without) == (mask & (without != 255))).all(), (over != without).any())
            """
        let file = RenderedFile.overlay
        #expect(try PNGCheck.run(script, file, file.render(), file.render("--overlays")) == "True True\nTrue True\n")
        // What has none is the same with them.
        #expect(try RenderedFile.ct.render("--overlays") == RenderedFile.ct.render())
    }

    /// Renders to a pipe; what came out of it.
    private func piped(_ arguments: [String]) throws -> [UInt8] {
        let folder = try TemporaryFolder()
        let done = try Program.run(
            "bash", ["-c", #"set -o pipefail; "$0" render "$@" | cat > "$RENDERED""#, DicomFS.path] + arguments,
            environment: ["RENDERED": folder.appending("out")])
        guard done.status == 0, done.errors == "" else { throw UnexpectedExit(program: done) }
        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.appending("out"))))
    }
}
