import Foundation
import TestSupport
import Testing

/// The same images by numpy, from the standard's formulas, compared with what Pillow reads from ours.
enum NumpyRenderer {
    /// Renders the cases both ways; what differs, by name.
    static func differences(_ cases: [RenderedCase]) throws -> [String] {
        let folder = try TemporaryFolder()
        for (place, item) in cases.enumerated() {
            let json = try JSONSerialization.data(withJSONObject: item.json)
            _ = try folder.write("\(place).json", Array(json))
            _ = try folder.write("\(place).raw", item.frame)
            _ = try folder.write("\(place).png", item.png ?? [])
        }
        let result = try Python.run(script, [folder.path, "\(cases.count)"])
        #expect(result.status == 0, "\(result.errors)")
        return result.output.split(separator: "\n").map { String($0) }
    }

    private static let script = """
        import json, sys
        import numpy as np
        from PIL import Image
        folder, count = sys.argv[1], int(sys.argv[2])

        def lookup(table, value):
            entries = np.array(table['entries'], dtype=float)
            return entries[np.clip(np.floor(value - table['first']), 0, len(entries) - 1).astype(int)]

        def samples(d, raw):
            size = d['rows'] * d['columns'] * d['samples']
            raw = np.frombuffer(raw, np.uint8)
            if d['allocated'] == 8:
                if d['big'] and d['words']:
                    even = np.append(raw, np.zeros(len(raw) % 2, np.uint8))
                    raw = even.reshape(-1, 2)[:, ::-1].reshape(-1)
                values = raw[:size]
            else:
                values = raw[:len(raw) // 2 * 2].view('>u2' if d['big'] else '<u2')[:size]
            return values.astype(np.int64), size

        def stored(d):
            if 1 <= d['stored'] <= d['allocated'] and d['stored'] - 1 <= d['high'] < d['allocated']:
                return d['stored'], d['high'] + 1 - d['stored']
            return d['allocated'], 0

        def color(d, values):
            bits, shift = stored(d)
            values = (values >> max(0, bits + shift - 8)) & 255
            if d['planar'] == 1:
                return values.reshape(3, d['rows'], d['columns']).transpose(1, 2, 0)
            return values.reshape(d['rows'], d['columns'], 3)

        def grey(d, values, present):
            bits, shift = stored(d)
            values = (values >> shift) % (1 << bits)
            if d['signed']:
                values = np.where(values >= 1 << (bits - 1), values - (1 << bits), values)
            if 'modality' in d:
                values = lookup(d['modality'], values)
            else:
                values = values * float(d['slope']) + float(d['intercept'])
            window = d.get('window')
            if window:
                c, w, f = float(window['center']), float(window['width']), window['function']
                usable = np.isfinite(c) and np.isfinite(w) and (w >= 1 if f == 'linear' else w > 0)
            if 'voi' in d:
                out = lookup(d['voi'], values) / (2.0 ** d['voi']['bits'] - 1) * 255
            elif window and usable and f == 'linear':
                with np.errstate(all='ignore'):
                    out = ((values - (c - 0.5)) / (w - 1) + 0.5) * 255
                out = np.where(values <= c - 0.5 - (w - 1) / 2, 0, np.where(values > c - 0.5 + (w - 1) / 2, 255, out))
            elif window and usable and f == 'linearExact':
                out = ((values - c) / w + 0.5) * 255
                out = np.where(values <= c - w / 2, 0, np.where(values > c + w / 2, 255, out))
            elif window and usable:
                with np.errstate(over='ignore'):
                    out = 255 / (1 + np.exp(-4 * (values - c) / w))
            else:
                seen = values[:present]
                low, high = (seen.min(), seen.max()) if present else (0, 0)
                out = (values - low) / (high - low) * 255 if high > low else values * 0
            out = np.clip(np.floor(np.clip(out, 0, 255) + 0.5), 0, 255)
            return (255 - out if d['photometric'] == 'MONOCHROME1' else out).reshape(d['rows'], d['columns'])

        for place in range(count):
            d = json.load(open(f'{folder}/{place}.json'))
            values, size = samples(d, open(f'{folder}/{place}.raw', 'rb').read())
            present = len(values)
            values = np.append(values, np.zeros(size - present, np.int64))
            expected = color(d, values) if d['samples'] == 3 else grey(d, values, present)
            try:
                image = Image.open(f'{folder}/{place}.png')
                image.load()
            except Exception as error:
                print(d['name'], error)
                continue
            ours = np.asarray(image).astype(np.int64)
            if ours.shape != expected.shape:
                print(d['name'], ours.shape, expected.shape)
            elif (ours != expected).any():
                print(d['name'], int((ours != expected).sum()), 'pixels differ, by at most', int(abs(ours - expected).max()))
        """
}
