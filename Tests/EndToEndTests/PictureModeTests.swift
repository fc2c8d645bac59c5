import Foundation
import TestSupport
import Testing

/// Mounts of real files with `-o png=display`, `raw16` and `off`.
@Suite(.enabled(if: Python.testFiles != nil, "\(Python.missing)"), .pictureModes)
struct PictureModeTests {
    private let modes = PictureModes.current

    @Test(arguments: [("display", 110), ("raw16", 60)])
    func `every png is without fault to pngcheck, but one that cannot be read`(mode: String, count: Int) throws {
        let pngs = try Program.run("find", [try modes.mount(mode), "-name", "*.png", "-type", "f"])
        let paths = pngs.output.split(separator: "\n").map { String($0) }
        #expect(paths.count >= count)
        let unread = try paths.filter { path in
            let read = try Program.run("cat", [path])
            if read.status == 0 { return false }
            #expect(read.errors.contains("Input/output error"), "\(read.errors)")
            return true
        }
        // The cut codestream.
        #expect(try unread.map { try Self.sopInstanceUID($0) } == ["1.3.6.1.4.1.5962.1.1.8.1.3.20040826185059.5457"])
        let checked = try Program.run("pngcheck", ["-q"] + paths.filter { !unread.contains($0) })
        #expect(checked.status == 0 && checked.output + checked.errors == "", "\(checked.output)\(checked.errors)")
    }

    /// That of the `.dcm` beside a `.png`.
    private static func sopInstanceUID(_ png: String) throws -> String {
        let script = """
            import sys, pydicom
            print(pydicom.dcmread(sys.argv[1], force=True, stop_before_pixels=True).SOPInstanceUID)
            """
        let read = try Python.run(script, [png.dropLast(4) + ".dcm"])
        return read.output.trimmingCharacters(in: .newlines)
    }

    @Test(arguments: ["display", "raw16"])
    func `the size of every png is what reads of it give`(mode: String) throws {
        let script = """
            import errno, os, sys
            count = unread = 0
            for base, _, names in os.walk(sys.argv[1]):
                for name in names:
                    if not name.endswith('.png'): continue
                    path = os.path.join(base, name)
                    # The kernel corrects a size that is too large once a read ends before it.
                    listed = os.stat(path).st_size
                    file = os.open(path, os.O_RDONLY | os.O_DIRECT)
                    length = 0
                    try:
                        while part := os.pread(file, 65521, length): length += len(part)
                    except OSError as error:
                        assert error.errno == errno.EIO, error
                        unread += 1
                    else:
                        assert length == listed == os.fstat(file).st_size > 57, (path, length, listed)
                        count += 1
                    os.close(file)
            print(count > 50, unread)
            """
        let folder = try TemporaryFolder()
        let served = try modes.serve(mode, in: folder)
        defer { served.stop() }
        let done = try Python.run(script, [served.mount])
        #expect(done.output == "True 1\n", "\(done.errors)")
    }

    private struct Live: Decodable {
        struct Archive: Decodable { var renders: Int }

        var archive: Archive
    }

    @Test(arguments: ["display", "raw16", "off"])
    func `a listing of everything, with sizes, renders nothing`(mode: String) throws {
        let folder = try TemporaryFolder()
        let served = try modes.serve(mode, in: folder)
        defer { served.stop() }
        func renders() throws -> Int {
            try DicomFS.json(Live.self, "stats", "--live", "--archive", served.archive).archive.renders
        }
        for command in [["ls", "-lR"], ["find"], ["du", "-a", "--apparent-size"]] {
            let listing = try Program.run(command[0], Array(command.dropFirst()) + [served.mount])
            #expect(listing.status == 0, "\(listing.errors)")
            #expect(listing.output.contains(".png") == (mode != "off"))
            #expect(try renders() == 0, "\(command)")
        }
        guard mode != "off" else { return }
        let png = try #require(try served.files(".png").first)
        _ = try served.read(png)
        #expect(try renders() == 1)
    }

    @Test func `raw16 shows the values that pydicom reads in 16 bits of grey, and no picture of colours`() throws {
        let done = try Python.run(Self.raw16, [try modes.mount("raw16")])
        #expect(done.status == 0, "\(done.errors)")
        // The cut codestream, and one with a spectral selection that pydicom's decoders refuse.
        let unread = ["3", "5"].map { "not read 1.3.6.1.4.1.5962.1.1.8.1.\($0).20040826185059.5457" }
        // 39 of pydicom's, 3 made ones and that of 20 frames.
        #expect(done.output.split(separator: "\n").map { String($0) }.sorted() == ["equal 43 colours 20"] + unread)
    }

    private static let raw16 = """
        import os, struct, sys, warnings
        import numpy as np
        import pydicom
        from PIL import Image
        warnings.simplefilter('ignore')
        LOSSY = {'1.2.840.10008.1.2.4.50', '1.2.840.10008.1.2.4.51', '1.2.840.10008.1.2.4.81', '1.2.840.10008.1.2.4.91'}
        equal = colours = 0

        def differs(path, values, lossy):
            # Bit depth and colour type of IHDR.
            if open(path, 'rb').read(26)[24:] != bytes([16, 0]): return 'no 16-bit grey'
            ours = np.asarray(Image.open(path)).astype(np.int64)
            worst = np.abs(ours - (values.astype(np.int64) & 0xFFFF)).max()
            return f'differs by {worst}' if worst > (1 if lossy else 0) else None

        for base, _, names in os.walk(sys.argv[1]):
            for name in names:
                if not name.endswith('.dcm'): continue
                stem = os.path.join(base, name[:-4])
                ds = pydicom.dcmread(stem + '.dcm', force=True)
                if not ('PixelData' in ds and ds.get('Rows') and ds.SamplesPerPixel == 1 and ds.BitsAllocated <= 16):
                    colours += ds.get('SamplesPerPixel', 1) == 3
                    if os.path.exists(stem + '.png'): print('has one', stem)
                    continue
                try:
                    values = ds.pixel_array
                except Exception:
                    print('not read', ds.SOPInstanceUID); continue
                lossy = ds.file_meta.TransferSyntaxUID in LOSSY
                wrong = differs(stem + '.png', values[0] if values.ndim == 3 else values, lossy)
                for frame in range(len(values) if values.ndim == 3 else 0):
                    wrong = wrong or differs(f'{stem}.frames/{frame + 1:04}.png', values[frame], lossy)
                if wrong: print(wrong, stem)
                else: equal += 1
        print('equal', equal, 'colours', colours)
        """

    @Test func `off shows no picture and no frames, under no name, and the instances nevertheless`() throws {
        let (off, display) = (try modes.mount("off"), try modes.mount("display"))
        func names(_ mount: String) throws -> [String] {
            let found = try Program.run("find", [mount, "-mindepth", "1", "-printf", "%P\\n"])
            return found.output.split(separator: "\n").map { String($0) }.sorted()
        }
        let shown = try names(display)
        #expect(try names(off) == shown.filter { !$0.hasSuffix(".png") && !$0.hasSuffix(".frames") })
        let pictures = shown.filter { $0.hasSuffix(".png") || $0.hasSuffix(".frames") }
        #expect(pictures.count > 100)
        for name in pictures { #expect(!FileManager.default.fileExists(atPath: "\(off)/\(name)"), "\(name)") }
    }

    @Test(arguments: ["display", "raw16"])
    func `an instance of several frames has a directory with a png of each, and no other has one`(mode: String) throws {
        let script = """
            import os, sys, warnings
            import pydicom
            warnings.simplefilter('ignore')
            mount, mode = sys.argv[1:]
            found = []
            for base, _, names in os.walk(mount):
                for name in names:
                    if not name.endswith('.dcm'): continue
                    stem = os.path.join(base, name[:-4])
                    ds = pydicom.dcmread(stem + '.dcm', force=True, stop_before_pixels=True)
                    try: frames = int(ds.get('NumberOfFrames') or 1)
                    except ValueError: frames = 1
                    if frames > 1 and os.path.exists(stem + '.png'):
                        names = sorted(os.listdir(stem + '.frames'))
                        assert names == [f'{frame:04}.png' for frame in range(1, frames + 1)], (stem, names)
                        first = open(stem + '.png', 'rb').read()
                        assert open(f'{stem}.frames/0001.png', 'rb').read() == first
                        last = open(f'{stem}.frames/{frames:04}.png', 'rb').read()
                        assert len(last) == len(first)
                        for other in ['0000', f'{frames + 1:04}', '1', '00001']:
                            assert not os.path.exists(f'{stem}.frames/{other}.png'), other
                        found.append(frames)
                    else:
                        assert not os.path.exists(stem + '.frames'), stem
            print(sorted(found))
            """
        let done = try Python.run(script, [try modes.mount(mode), mode])
        #expect(done.output == (mode == "raw16" ? "[20]\n" : "[2, 15, 20, 30]\n"), "\(done.errors)")
    }
}
