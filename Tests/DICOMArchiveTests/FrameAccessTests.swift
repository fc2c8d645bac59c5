import ContentStore
import DICOM
import Foundation
import TestSupport
import Testing

@testable import DICOMArchive

/// Multi-frame images whose frames lie in fragments, with and without tables that say where.
@Suite(.enabled(if: Python.path != nil, "\(Python.missing)")) struct FrameAccessTests {
    /// How the frames of one file lie.
    private static let layouts = [
        "none 1", "none 3", "basic 1", "basic 3", "extended 1", "wrong 1", "wrong 3", "native", "deflated", "big",
    ]
    private static let frames = 12

    @Test(arguments: ["rle", "jpeg-ls", "jpeg2000", "htj2k"], layouts)
    func `each frame is the one that was put there`(coding: String, layout: String) throws {
        let isNative = !layout.contains(" ")
        guard !isNative || coding == "rle" else { return }
        // A frame of run lengths is one fragment.
        guard coding != "rle" || !layout.hasSuffix("3") else { return }
        let folder = try TemporaryFolder()
        let made = try Python.run(Self.make, [folder.path, coding, layout, "\(Self.frames)"])
        try #require(made.status == 0, "\(made.errors)")
        let test = try ArchiveUnderTest()
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.appending("frames.dcm"))))
        let node = try test.node(try test.importFile(bytes))
        let recipe = try #require(try test.archive.file(node)).recipe
        #expect(recipe.pixels?.numberOfFrames == Self.frames)
        for number in (1...Self.frames).reversed() {
            let frame = NodeID.frame(ordinal: recipe.frameOrdinal, number: number)
            let image = try #require(try test.archive.image(frame, isRaw: true))
            _ = try folder.write("\(number).png", image.bytes)
        }
        let compared = try Python.run(Self.compare, [folder.path, "\(Self.frames)"])
        #expect(compared.output == "12 equal\n", "\(compared.output)\(compared.errors)")
    }

    @Test(arguments: ["none 1", "basic 3"])
    func `of one frame no more chunks are read than it lies in`(layout: String) throws {
        let folder = try TemporaryFolder()
        // Noise does not become less: 512 KiB each.
        let made = try Python.run(Self.make, [folder.path, "jpeg-ls", layout, "40", "512"])
        try #require(made.status == 0, "\(made.errors)")
        let test = try ArchiveUnderTest()
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.appending("frames.dcm"))))
        #expect(bytes.count > 16 << 20)
        let node = try test.node(try test.importFile(bytes))
        try test.reopen()
        let recipe = try #require(try test.archive.file(node)).recipe
        let frame = NodeID.frame(ordinal: recipe.frameOrdinal, number: 25)
        _ = try #require(try test.archive.image(frame))
        // Chunks of 256 KiB, of which the first and the last are not whole; and the table's.
        #expect(test.archive.store.bytesRead <= 4 * 262_144 + 16_384)
        #expect(test.archive.store.bytesRead > 400_000)
    }

    private static let make = """
        import copy, sys
        import numpy as np
        import pydicom
        from pydicom.dataset import Dataset, FileMetaDataset
        from pydicom.encaps import encapsulate, encapsulate_extended
        from pydicom.uid import UID
        folder, coding, layout, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
        size = int(sys.argv[5]) if len(sys.argv) > 5 else 48
        random = np.random.default_rng(7)
        frames = [random.integers(0, 4096 if size < 100 else 65536, (size, size), dtype=np.uint16) for _ in range(count)]
        np.save(f'{folder}/frames.npy', np.array(frames))
        ds = Dataset()
        ds.SOPClassUID, ds.SOPInstanceUID = '1.2.840.10008.5.1.4.1.1.7.3', '1.2.3.4.5'
        ds.PatientID, ds.StudyInstanceUID, ds.SeriesInstanceUID = 'P1', '1.2.3', '1.2.3.4'
        ds.Rows = ds.Columns = size
        ds.NumberOfFrames, ds.SamplesPerPixel, ds.PhotometricInterpretation = count, 1, 'MONOCHROME2'
        ds.BitsAllocated = ds.BitsStored = 16
        ds.HighBit, ds.PixelRepresentation = 15, 0
        syntax = {'rle': '1.2.840.10008.1.2.5', 'jpeg-ls': '1.2.840.10008.1.2.4.80', 'jpeg2000': '1.2.840.10008.1.2.4.90',
                  'htj2k': '1.2.840.10008.1.2.4.201'}[coding]
        little = True
        if layout in ('native', 'deflated', 'big'):
            syntax = {'native': '1.2.840.10008.1.2.1', 'deflated': '1.2.840.10008.1.2.1.99',
                      'big': '1.2.840.10008.1.2.2'}[layout]
            little = layout != 'big'
            ds.PixelData = b''.join(f.astype('<u2' if little else '>u2').tobytes() for f in frames)
            ds['PixelData'].VR = 'OW'
        else:
            def encoded(frame):
                if coding == 'htj2k':
                    import imagecodecs
                    return imagecodecs.htj2k_encode(frame, reversible=True)
                one = copy.deepcopy(ds)
                one.NumberOfFrames = 1
                one.file_meta = FileMetaDataset(); one.file_meta.TransferSyntaxUID = UID('1.2.840.10008.1.2.1')
                one.compress(UID(syntax), frame, generate_instance_uid=False)
                return next(pydicom.encaps.generate_frames(one.PixelData, number_of_frames=1))
            parts = [encoded(f) for f in frames]
            kind, fragments = layout.split()
            if kind == 'extended':
                ds.PixelData, ds.ExtendedOffsetTable, ds.ExtendedOffsetTableLengths = encapsulate_extended(parts)
            else:
                ds.PixelData = encapsulate(parts, fragments_per_frame=int(fragments), has_bot=kind != 'none')
            if kind == 'wrong':
                # Each offset but the first lies.
                data = bytearray(ds.PixelData)
                for place in range(1, count): data[8 + 4 * place] ^= 0x55
                ds.PixelData = bytes(data)
            ds['PixelData'].VR = 'OB'
            ds['PixelData'].is_undefined_length = True
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = UID(syntax)
        ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
        ds.save_as(f'{folder}/frames.dcm', implicit_vr=False, little_endian=little, enforce_file_format=True)
        """

    private static let compare = """
        import sys
        import numpy as np
        from PIL import Image
        folder, count = sys.argv[1], int(sys.argv[2])
        frames = np.load(f'{folder}/frames.npy')
        equal = sum((np.asarray(Image.open(f'{folder}/{n + 1}.png')).astype(int) == frames[n]).all() for n in range(count))
        print(equal, 'equal')
        """
}
