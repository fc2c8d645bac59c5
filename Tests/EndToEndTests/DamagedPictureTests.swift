import Foundation
import TestSupport
import Testing

/// Images whose pixels are not what their headers or tables say: the daemon gives an error or a picture of the right size, and lives
/// on within its memory.
@Suite(.enabled(if: Python.testFiles != nil, "\(Python.missing)")) struct DamagedPictureTests {
    /// KiB that the worker had in memory at most.
    private func peak(_ process: Int32) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return try #require(line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) })
    }

    @Test func `200 damaged images give an error or a picture of the right size, and the daemon lives on`() throws {
        let folder = try TemporaryFolder()
        let made = try Python.run(Self.make, [try #require(Python.testFiles), folder.path])
        try #require(made.status == 0, "\(made.errors)")
        #expect(made.output == "200 made\n")
        let served = try ServedArchive(options: ["--image-memory", "96M"])
        let worker = try #require(served.worker)
        let done = try Program.run(DicomFS.path, ["import", "--archive", served.archive, folder.path, "--json"])
        #expect(done.status <= 1, "\(done.errors)")
        let before = try peak(worker)
        let read = try Python.run(Self.read, [served.mount])
        #expect(read.status == 0, "\(read.output)\(read.errors)")
        print(read.output, terminator: "")
        let counts = read.output.split(separator: " ").compactMap { Int($0) }
        #expect(counts.count == 3 && counts[0] > 40 && counts[1] > 40, "\(read.output)")
        #expect(served.worker == worker && served.isRunning, "\(served.log)")
        // The chunks that are kept, and what malloc holds.
        #expect(try peak(worker) - before < (96 + 64) << 10)
    }

    /// Reads every picture; prints how many are right and how many are errors, and fails for any other.
    private static let read = """
        import errno, io, os, sys
        from PIL import Image
        import warnings
        warnings.simplefilter('ignore')
        Image.MAX_IMAGE_PIXELS = None
        right = wrong = 0
        for base, _, names in os.walk(sys.argv[1]):
            for name in names:
                if not name.endswith('.png'): continue
                path = os.path.join(base, name)
                size = os.stat(path).st_size
                try:
                    data = open(path, 'rb').read()
                except OSError as error:
                    assert error.errno in (errno.EIO, errno.EFBIG), (path, error)
                    wrong += 1
                    continue
                assert len(data) == size == os.stat(path).st_size, (path, len(data), size)
                Image.open(io.BytesIO(data)).load()
                right += 1
        print(right, 'right', wrong, 'errors', right + wrong, 'in all')
        """

    private static let make = """
        import copy, os, random, struct, sys, warnings
        import pydicom
        from pydicom.encaps import generate_frames, encapsulate
        warnings.simplefilter('ignore')
        source, folder = sys.argv[1:]
        names = ['SC_rgb_jpeg_dcmtk', 'JPGExtended', 'SC_rgb_jpeg_gdcm', 'MR_small_jpeg_ls_lossless', 'MR_small_jp2klossless',
                 'examples_jpeg2k', 'SC_rgb_rle_2frame', 'examples_palette', 'image_dfl', 'rtdose']
        pick = random.Random(5)

        def flip(data, count):
            data = bytearray(data)
            for _ in range(count):
                place = pick.randrange(len(data))
                data[place] ^= 1 << pick.randrange(8)
            return bytes(data)

        def huge(frame):
            # The frame header of the codestream claims another size.
            frame = bytearray(frame)
            if frame[:2] == b'\\xff\\xd8':
                for marker in (0xC0, 0xC1, 0xC2, 0xC3, 0xF7):
                    place = frame.find(bytes([0xFF, marker]))
                    if place > 0: frame[place + 5:place + 9] = struct.pack('>HH', *pick.choice([(65500, 65500), (1, 65535), (0, 9)]))
            elif frame[:2] == b'\\xff\\x4f':
                size = pick.choice([(1 << 31, 1 << 31), (65535, 65535), (1 << 20, 2)])
                frame[8:16] = struct.pack('>II', *size)
                if pick.random() < .5: frame[24:32] = struct.pack('>II', *pick.choice([(1, 1), (7, 7), size]))
            return bytes(frame)

        made = 0
        for number in range(20):
            for name in names:
                ds = pydicom.dcmread(f'{source}/{name}.dcm')
                kind = ['flip', 'truncate', 'geometry', 'table', 'bomb'][number % 5]
                compressed = ds.file_meta.TransferSyntaxUID.is_encapsulated
                if compressed:
                    frames = list(generate_frames(ds.PixelData, number_of_frames=int(ds.get('NumberOfFrames', 1))))
                    if kind == 'flip': frames = [flip(f, pick.choice([1, 3, 20])) for f in frames]
                    if kind == 'truncate': frames = [f[:pick.randrange(2, len(f))] for f in frames]
                    if kind == 'bomb': frames = [huge(f) for f in frames]
                    ds.PixelData = encapsulate(frames, has_bot=True)
                    if kind == 'table': ds.PixelData = ds.PixelData[:8] + flip(ds.PixelData[8:12], 5) + ds.PixelData[12:]
                    ds['PixelData'].is_undefined_length = True
                else:
                    if kind == 'flip': ds.PixelData = flip(ds.PixelData, 9)
                    if kind == 'truncate': ds.PixelData = ds.PixelData[:pick.randrange(2, len(ds.PixelData)) & ~1]
                if kind == 'geometry':
                    key = pick.choice(['Rows', 'Columns', 'SamplesPerPixel', 'BitsAllocated', 'BitsStored', 'HighBit'])
                    setattr(ds, key, pick.choice([0, 1, 2, 3, 7, 8, 16, 17, 32, 255, 4000, 65535]))
                if kind == 'bomb' and pick.random() < .6:
                    ds.Rows, ds.Columns = pick.choice([(65535, 65535), (8000, 8000), (1, 65535), (65535, 900)])
                if kind == 'table':
                    ds.NumberOfFrames = pick.choice([2, 9, 100000, 2147483647])
                    if 'RedPaletteColorLookupTableDescriptor' in ds:
                        ds.RedPaletteColorLookupTableDescriptor = pick.choice([[0, 0, 16], [65535, 65535, 8], [1, 0, 200]])
                ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f'1.2.3.{made}'
                ds.save_as(f'{folder}/{made}.dcm')
                made += 1
        print(made, 'made')
        """
}
