import Foundation
import TestSupport
import Testing

/// Pictures of real files by pydicom and numpy, compared with ours.
enum PictureReference {
    /// What one file came to: `ok`, `no picture`, `not read` by pydicom, or what differs.
    struct Verdict {
        let name: String
        let words: String
    }

    /// Copies all files with pixel data from pydicom's folder to `folder/PLACE.dcm`, in the order of the names that it gives. What an
    /// instance is identified by is added where it is missing.
    static func files(copiedTo folder: TemporaryFolder) throws -> [String] {
        let result = try Python.run(copying, [try #require(Python.testFiles), folder.path])
        #expect(result.status == 0, "\(result.errors)")
        return result.output.split(separator: "\n").map { String($0) }
    }

    private static let copying = """
        import os, shutil, sys, warnings
        import pydicom
        warnings.simplefilter('ignore')
        source, folder = sys.argv[1:]
        names = [os.path.relpath(os.path.join(path, name), source) for path, _, names in os.walk(source)
                 for name in names if name.endswith('.dcm') or '.' not in name]
        place = 0
        for name in sorted(names):
            try:
                ds = pydicom.dcmread(f'{source}/{name}', force=True)
            except Exception:
                continue
            if not any(key in ds for key in ('PixelData', 'FloatPixelData', 'DoubleFloatPixelData')): continue
            missing = [key for key in ('StudyInstanceUID', 'SeriesInstanceUID', 'SOPInstanceUID') if not ds.get(key)]
            if missing and 'TransferSyntaxUID' in ds.file_meta:
                for key in missing: setattr(ds, key, '1.2.3.' + str(place))
                ds.save_as(f'{folder}/{place}.dcm')
            else:
                shutil.copy(f'{source}/{name}', f'{folder}/{place}.dcm')
            print(name)
            place += 1
        """

    /// Compares the frames of `folder/PLACE.dcm` with `PLACE.FRAME.png` and `PLACE.FRAME.raw.png`.
    static func verdicts(_ names: [String], _ folder: TemporaryFolder) throws -> [Verdict] {
        let result = try Python.run(script, [folder.path] + names)
        #expect(result.status == 0, "\(result.errors)")
        return result.output.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: "\t", maxSplits: 1)
            return parts.count == 2 ? Verdict(name: String(parts[0]), words: String(parts[1])) : nil
        }
    }

    private static let script = """
        import os, sys, warnings
        import numpy as np
        import pydicom
        from pydicom.pixels import apply_color_lut
        from pydicom.pixels.processing import convert_color_space
        from PIL import Image
        warnings.simplefilter('ignore')
        Image.MAX_IMAGE_PIXELS = None
        folder, names = sys.argv[1], sys.argv[2:]
        LOSSY = {'1.2.840.10008.1.2.4.50', '1.2.840.10008.1.2.4.51', '1.2.840.10008.1.2.4.81',
                 '1.2.840.10008.1.2.4.91', '1.2.840.10008.1.2.4.203'}

        def read(path):
            if not os.path.exists(path): return None
            return np.asarray(Image.open(path)).astype(np.int64)

        def first(value):
            return float(value[0] if isinstance(value, pydicom.multival.MultiValue) else value)

        def display(ds, values):
            spp = ds.SamplesPerPixel
            if ds.PhotometricInterpretation == 'PALETTE COLOR':
                rgb = apply_color_lut(values, ds).astype(np.int64)
                return rgb >> 8 if ds.RedPaletteColorLookupTableDescriptor[2] == 16 else rgb
            if spp == 3:
                return values.astype(np.int64) >> max(0, ds.BitsStored - 8)
            values = values.astype(float) * float(ds.get('RescaleSlope', 1)) + float(ds.get('RescaleIntercept', 0))
            if 'WindowCenter' in ds and first(ds.WindowWidth) >= 1:
                c, w = first(ds.WindowCenter), first(ds.WindowWidth)
                with np.errstate(all='ignore'):
                    out = ((values - (c - 0.5)) / (w - 1) + 0.5) * 255
                out = np.where(values <= c - 0.5 - (w - 1) / 2, 0, np.where(values > c - 0.5 + (w - 1) / 2, 255, out))
            else:
                seen = values
                if 'PixelPaddingValue' in ds:
                    p = ds.PixelPaddingValue * float(ds.get('RescaleSlope', 1)) + float(ds.get('RescaleIntercept', 0))
                    seen = values[values != p]
                low, high = seen.min(), seen.max()
                out = (values - low) / (high - low) * 255 if high > low else values * 0
            out = np.floor(np.clip(out, 0, 255) + 0.5)
            return 255 - out if ds.PhotometricInterpretation == 'MONOCHROME1' else out

        def compare(ours, theirs, lossy):
            if ours.shape != theirs.shape: return f'shape {ours.shape}, theirs {theirs.shape}'
            worst = int(np.abs(ours - theirs).max())
            return None if worst <= (1 if lossy else 0) else f'differs by up to {worst}'

        for place, name in enumerate(names):
            if not os.path.exists(f'{folder}/{place}.0.png'):
                print(name, 'no picture', sep='\\t')
                continue
            words = []
            try:
                ds = pydicom.dcmread(f'{folder}/{place}.dcm')
                lossy = ds.file_meta.TransferSyntaxUID in LOSSY
                values = ds.pixel_array
            except Exception as error:
                print(name, 'not read', sep='\\t')
                continue
            try:
                frames = int(ds.get('NumberOfFrames', 1) or 1)
                if frames == 1: values = values[None]
                for frame in range(frames):
                    ours = read(f'{folder}/{place}.{frame}.png')
                    raw = read(f'{folder}/{place}.{frame}.raw.png')
                    if raw is not None:
                        wrong = compare(raw, values[frame].astype(np.int64) & 0xFFFF, lossy)
                        if wrong: words.append(f'frame {frame + 1} raw {wrong}')
                    wrong = compare(ours, display(ds, values[frame]), True)
                    # Colours are shown as they are.
                    if not wrong and ds.SamplesPerPixel == 3: wrong = compare(ours, display(ds, values[frame]), lossy)
                    if wrong: words.append(f'frame {frame + 1} {wrong}')
            except Exception as error:
                words.append('error: ' + str(error).replace('\\n', ' ')[:150])
            print(name, '; '.join(words[:3]) or 'ok', sep='\\t')
        """
}
