import ContentStore
import DICOM
import Foundation
import TestSupport
import Testing

@testable import DICOMArchive

/// Kinds of pixels that no real file at hand has, beside what numpy and pydicom make of them.
@Suite(.enabled(if: Python.path != nil, "\(Python.missing)")) struct PixelKindTests {
    @Test(arguments: [
        "palette of 16 bits", "palette of 8 bits", "palette of 16 bits, signed", "hotiron", "pet20step", "fall",
        "spring",
        "summer", "winter", "32-bit floating point", "64-bit floating point", "32 bits, signed, window", "padding",
        "padding range", "YBR_FULL by plane", "YBR_FULL of 16 bits", "encapsulated uncompressed", "sigmoid",
        "8-bit VOI table", "MONOCHROME1 of 32 bits",
    ])
    func `a picture is what the standard's formulas give, of`(kind: String) throws {
        let folder = try TemporaryFolder()
        let made = try Python.run(Self.make, [folder.path, kind])
        try #require(made.status == 0, "\(made.errors)")
        let test = try ArchiveUnderTest()
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.appending("image.dcm"))))
        let node = try test.node(try test.importFile(bytes))
        let image = try #require(try test.archive.image(node.of(.png)))
        _ = try folder.write("image.png", image.bytes)
        let compared = try Python.run(Self.compare, [folder.path])
        #expect(compared.output == "equal\n", "\(compared.output)\(compared.errors)")
    }

    private static let make = """
        import os, sys
        import numpy as np
        import pydicom
        from pydicom.dataset import Dataset, FileMetaDataset
        from pydicom.encaps import encapsulate
        from pydicom.pixels import apply_color_lut
        from pydicom.pixels.processing import convert_color_space
        folder, kind = sys.argv[1:]
        random = np.random.default_rng(9)
        rows, columns = 24, 40
        ds = Dataset()
        ds.SOPClassUID, ds.SOPInstanceUID = '1.2.840.10008.5.1.4.1.1.7', '1.2.3.4.5'
        ds.PatientID, ds.StudyInstanceUID, ds.SeriesInstanceUID = 'P1', '1.2.3', '1.2.3.4'
        ds.Rows, ds.Columns = rows, columns
        ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = 1, 'MONOCHROME2', 0
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = '1.2.840.10008.1.2.1'
        def bits(allocated, stored=None):
            ds.BitsAllocated, ds.BitsStored = allocated, stored or allocated
            ds.HighBit = ds.BitsStored - 1
        def pixels(values, type):
            ds.PixelData = values.astype(type).tobytes()
            ds['PixelData'].VR = 'OB' if np.dtype(type).itemsize == 1 else 'OW'
            return values
        def level(values): return np.clip(np.floor(np.clip(values, 0, 255) + 0.5), 0, 255)
        def full(values, seen=None):
            seen = values if seen is None else seen
            return level((values - seen.min()) / (seen.max() - seen.min()) * 255)
        def linear(values, c, w):
            out = ((values - (c - 0.5)) / (w - 1) + 0.5) * 255
            return level(np.where(values <= c - .5 - (w - 1) / 2, 0, np.where(values > c - .5 + (w - 1) / 2, 255, out)))
        palettes = os.path.join(os.path.dirname(pydicom.__file__), 'data', 'palettes')
        names = ['Red', 'Green', 'Blue']
        if kind.startswith('palette') or os.path.exists(f'{palettes}/{kind}.dcm'):
            ds.PhotometricInterpretation = 'PALETTE COLOR'
            if kind == 'palette of 8 bits':
                bits(8)
                for name in names:
                    setattr(ds, f'{name}PaletteColorLookupTableDescriptor', [200, 20, 8])
                    setattr(ds, f'{name}PaletteColorLookupTableData', random.integers(0, 256, 200, dtype='u1').tobytes())
                values = pixels(random.integers(0, 256, (rows, columns)), '<u1')
            elif kind.startswith('palette'):
                bits(16, 12)
                ds.PixelRepresentation = int(kind.endswith('signed'))
                first = -300 if ds.PixelRepresentation else 100
                for name in names:
                    setattr(ds, f'{name}PaletteColorLookupTableDescriptor', [1000, first, 16])
                    ds[f'{name}PaletteColorLookupTableDescriptor'].VR = 'SS' if ds.PixelRepresentation else 'US'
                    setattr(ds, f'{name}PaletteColorLookupTableData', random.integers(0, 65536, 1000).astype('<u2').tobytes())
                values = pixels(random.integers(-900 if ds.PixelRepresentation else 0, 1500, (rows, columns)), '<i2')
            else:
                bits(8)
                table = pydicom.dcmread(f'{palettes}/{kind}.dcm')
                for name in names:
                    for end in ('Descriptor', 'Data'):
                        for key in (f'{name}PaletteColorLookupTable{end}', f'Segmented{name}PaletteColorLookupTable{end}'):
                            if key in table: ds[key] = table[key]
                values = pixels(random.integers(0, 256, (rows, columns)), '<u1')
            type = '<u1' if ds.BitsAllocated == 8 else '<i2' if ds.PixelRepresentation else '<u2'
            expected = apply_color_lut(values.astype(type), ds).astype(int)
            if ds.RedPaletteColorLookupTableDescriptor[2] == 16: expected >>= 8
        elif 'floating' in kind:
            type = '<f4' if kind.startswith('32') else '<f8'
            values = (random.normal(0, 1e-3, (rows, columns)) ** 3).astype(type)
            setattr(ds, 'FloatPixelData' if type == '<f4' else 'DoubleFloatPixelData', values.tobytes())
            ds.BitsAllocated = 32 if type == '<f4' else 64
            expected = full(values.astype(float))
        elif kind == '32 bits, signed, window':
            bits(32)
            ds.PixelRepresentation, ds.WindowCenter, ds.WindowWidth = 1, -1000000, 300000000
            values = pixels(random.integers(-2**31, 2**31, (rows, columns)), '<i4')
            expected = linear(values.astype(float), -1e6, 3e8)
        elif kind == 'MONOCHROME1 of 32 bits':
            bits(32)
            ds.PhotometricInterpretation = 'MONOCHROME1'
            expected = 255 - full(pixels(random.integers(0, 2**32, (rows, columns)), '<u4').astype(float))
        elif kind.startswith('padding'):
            bits(16)
            ds.PixelRepresentation, ds.PixelPaddingValue = 1, -2000
            ds['PixelPaddingValue'].VR = 'SS'
            low = -2000
            if kind.endswith('range'):
                ds.PixelPaddingRangeLimit = low = -1500
                ds['PixelPaddingRangeLimit'].VR = 'SS'
            values = random.integers(-1000, 3000, (rows, columns))
            values[:5] = random.integers(-2000, low + 1, (5, columns))
            pixels(values, '<i2')
            expected = full(values.astype(float), values[5:])
        elif kind == 'YBR_FULL by plane':
            bits(8)
            ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, 'YBR_FULL', 1
            values = pixels(random.integers(0, 256, (3, rows, columns)), '<u1').transpose(1, 2, 0).astype('<u1')
            expected = convert_color_space(values, 'YBR_FULL', 'RGB').astype(int)
        elif kind == 'YBR_FULL of 16 bits':
            bits(16)
            ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, 'YBR_FULL', 0
            values = pixels(random.integers(0, 65536, (rows, columns, 3)), '<u2')
            expected = convert_color_space((values >> 8).astype('<u1'), 'YBR_FULL', 'RGB').astype(int)
        elif kind == 'encapsulated uncompressed':
            bits(16)
            values = random.integers(0, 4096, (rows, columns))
            ds.file_meta.TransferSyntaxUID = '1.2.840.10008.1.2.1.98'
            ds.PixelData = encapsulate([values.astype('<u2').tobytes()])
            ds['PixelData'].VR, ds['PixelData'].is_undefined_length = 'OB', True
            expected = full(values.astype(float))
        elif kind == 'sigmoid':
            bits(16, 12)
            ds.VOILUTFunction, ds.WindowCenter, ds.WindowWidth = 'SIGMOID', 2000, 900
            values = pixels(random.integers(0, 4096, (rows, columns)), '<u2')
            expected = level(255 / (1 + np.exp(-4 * (values - 2000.0) / 900)))
        elif kind == '8-bit VOI table':
            bits(8)
            item = Dataset()
            table = random.integers(0, 256, 256)
            item.LUTDescriptor, item.LUTData = [256, 0, 8], table.astype('u1').tobytes()
            item['LUTData'].VR = 'OW'
            item['LUTDescriptor'].VR = 'US'
            ds.VOILUTSequence = [item]
            expected = table[pixels(random.integers(0, 256, (rows, columns)), '<u1')]
        ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
        ds.save_as(f'{folder}/image.dcm', implicit_vr=False, little_endian=True, enforce_file_format=True)
        np.save(f'{folder}/expected.npy', expected)
        """

    private static let compare = """
        import sys
        import numpy as np
        from PIL import Image
        expected = np.load(sys.argv[1] + '/expected.npy').astype(int)
        found = np.asarray(Image.open(sys.argv[1] + '/image.png')).astype(int)
        if expected.shape != found.shape: print(expected.shape, found.shape)
        elif abs(expected - found).max() > 1: print('differs by up to', abs(expected - found).max())
        else: print('equal')
        """
}
