import Foundation
import Imaging
import TestSupport
import Testing

@Suite struct RendererTests {
    private static func window(
        _ center: Double, _ width: Double, _ function: PixelDescription.Window.Function = .linear
    ) -> PixelDescription.Window {
        PixelDescription.Window(center: center, width: width, function: function)
    }

    private static func eight(
        _ name: String, rows: Int = 21, columns: Int = 33, extra: Int = 0, _ describe: (inout PixelDescription) -> Void
    ) -> RenderedCase {
        RenderedCase(name, RenderedCase.noise(rows * columns + extra)) {
            $0.rows = rows
            $0.columns = columns
            $0.bitsAllocated = 8
            $0.bitsStored = 8
            $0.highBit = 7
            describe(&$0)
        }
    }

    private static func rgb(
        _ name: String, bits: Int = 8, rows: Int = 17, columns: Int = 23, extra: Int = 0,
        _ describe: (inout PixelDescription) -> Void
    ) -> RenderedCase {
        RenderedCase(name, RenderedCase.noise(rows * columns * 3 * bits / 8 + extra)) {
            $0.rows = rows
            $0.columns = columns
            $0.samplesPerPixel = 3
            $0.photometricInterpretation = "RGB"
            $0.bitsAllocated = bits
            $0.bitsStored = bits
            $0.highBit = bits - 1
            describe(&$0)
        }
    }

    /// A frame in which each of these 16-bit values occurs.
    private static func values(_ name: String, _ values: [UInt16], _ describe: (inout PixelDescription) -> Void)
        -> RenderedCase
    {
        RenderedCase(name, values.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }) {
            $0.rows = 1
            $0.columns = values.count
            describe(&$0)
        }
    }

    static let table = PixelDescription.Table(
        firstValue: -100, bitsPerEntry: 12, entries: (0..<3000).map { UInt16($0 * $0 / 2200) })

    static let cases: [RenderedCase] = [
        RenderedCase("16 bits") { _ in },
        RenderedCase("16 bits, MONOCHROME1") { $0.photometricInterpretation = "MONOCHROME1" },
        RenderedCase("16 bits, signed") { $0.isSigned = true },
        RenderedCase("16 bits, big endian") { $0.isBigEndian = true },
        RenderedCase("12 bits") { ($0.bitsStored, $0.highBit) = (12, 11) },
        RenderedCase("12 bits, signed") { ($0.bitsStored, $0.highBit, $0.isSigned) = (12, 11, true) },
        RenderedCase("12 bits in the upper ones") { ($0.bitsStored, $0.highBit) = (12, 15) },
        RenderedCase("12 bits in the middle, signed") { ($0.bitsStored, $0.highBit, $0.isSigned) = (12, 13, true) },
        RenderedCase("1 bit") { ($0.bitsStored, $0.highBit) = (1, 0) },
        RenderedCase("1 bit, signed") { ($0.bitsStored, $0.highBit, $0.isSigned) = (1, 0, true) },
        RenderedCase("0 bits stored") { ($0.bitsStored, $0.highBit) = (0, 11) },
        RenderedCase("99 bits stored") { ($0.bitsStored, $0.highBit) = (99, 11) },
        RenderedCase("high bit below the stored ones") { ($0.bitsStored, $0.highBit) = (12, 7) },
        RenderedCase("high bit 40") { ($0.bitsStored, $0.highBit) = (12, 40) },
        eight("8 bits") { _ in },
        eight("8 bits, MONOCHROME1, signed") { ($0.photometricInterpretation, $0.isSigned) = ("MONOCHROME1", true) },
        eight("8 bits, big endian bytes") { $0.isBigEndian = true },
        eight("8 bits, big endian words", columns: 32) { ($0.isBigEndian, $0.isWords) = (true, true) },
        eight("8 bits, odd number in big endian words", extra: 1) { ($0.isBigEndian, $0.isWords) = (true, true) },
        eight("8 bits, 6 stored") { ($0.bitsStored, $0.highBit) = (6, 6) },
        eight("1 by 1", rows: 1, columns: 1) { _ in },
        eight("65535 wide", rows: 1, columns: 65535) { _ in },
        eight("65535 high", rows: 65535, columns: 1) { _ in },

        RenderedCase("rescale") { ($0.rescaleSlope, $0.rescaleIntercept) = (0.25, -1024.5) },
        RenderedCase("negative slope, window") {
            ($0.rescaleSlope, $0.rescaleIntercept, $0.window) = (-1.5, 300, window(-20000, 30000))
        },
        RenderedCase("slope 0") { $0.rescaleSlope = 0 },
        RenderedCase("linear") { $0.window = window(2048, 4096) },
        RenderedCase("linear, MONOCHROME1, signed") {
            ($0.photometricInterpretation, $0.isSigned, $0.window) = ("MONOCHROME1", true, window(40, 400.5))
        },
        RenderedCase("linear of width 1") { $0.window = window(30000, 1) },
        RenderedCase("linear of width 2") { $0.window = window(30000, 2) },
        RenderedCase("linear of width 3, values between whole ones") {
            ($0.rescaleSlope, $0.window) = (0.01, window(300, 3))
        },
        RenderedCase("linear exact") { $0.window = window(2048, 4096, .linearExact) },
        RenderedCase("linear exact of width 0.5") { $0.window = window(2048, 0.5, .linearExact) },
        RenderedCase("sigmoid") { ($0.isSigned, $0.window) = (true, window(1000, 20000, .sigmoid)) },
        values("around the edges of a window", Array(0..<300)) { $0.window = window(128, 256) },
        values("around the edges of an exact window", Array(0..<300)) { $0.window = window(128, 256, .linearExact) },
        RenderedCase("linear of width 0") { $0.window = window(2048, 0) },
        RenderedCase("linear of negative width") { $0.window = window(2048, -5) },
        RenderedCase("window of NaN") { $0.window = window(.nan, .nan) },
        RenderedCase("window of infinity") { $0.window = window(.infinity, .infinity) },
        RenderedCase("modality table") { $0.modalityLUT = table },
        RenderedCase("modality table goes before rescale") { ($0.modalityLUT, $0.rescaleSlope) = (table, 3) },
        RenderedCase("VOI table") {
            ($0.rescaleSlope, $0.rescaleIntercept, $0.voiLUT, $0.window) = (0.1, -200.3, table, window(1, 2))
        },
        RenderedCase("both tables, signed, MONOCHROME1") {
            ($0.modalityLUT, $0.voiLUT, $0.isSigned) = (table, table, true)
            $0.photometricInterpretation = "MONOCHROME1"
        },
        values("constant", [700, 700, 700]) { _ in },
        values("constant, MONOCHROME1", [700, 700, 700]) { $0.photometricInterpretation = "MONOCHROME1" },

        rgb("RGB by pixel") { _ in },
        rgb("RGB by plane") { $0.planarConfiguration = 1 },
        rgb("RGB, planar configuration 7") { $0.planarConfiguration = 7 },
        rgb("RGB of 16 bits", bits: 16) { _ in },
        rgb("RGB of 16 bits by plane, big endian", bits: 16) { ($0.planarConfiguration, $0.isBigEndian) = (1, true) },
        rgb("RGB of 12 bits", bits: 16) { ($0.bitsStored, $0.highBit) = (12, 11) },
        rgb("RGB of 12 bits in the upper ones", bits: 16) { ($0.bitsStored, $0.highBit) = (12, 15) },
        rgb("RGB in big endian words, odd", rows: 3, columns: 3, extra: 1) {
            ($0.isBigEndian, $0.isWords) = (true, true)
        },
        rgb("RGB, 1 by 1", rows: 1, columns: 1) { _ in },
    ]

    /// Frames of which bytes are missing.
    static let short: [RenderedCase] = cases.compactMap { item in
        guard item.description.rows > 1, item.frame.count > 100 else { return nil }
        var item = item
        item.name += ", short"
        item.frame.removeLast(item.frame.count / 3 | 1)
        return item
    }

    @Test(.enabled(if: Python.path != nil, "\(Python.missing)"))
    func `pixels are what the standard's formulas give`() throws {
        let differences = try NumpyRenderer.differences(Self.cases)
        #expect(differences == [])
    }

    @Test(.enabled(if: Python.path != nil, "\(Python.missing)"))
    func `pixels whose bytes are missing are 0`() throws {
        #expect(Self.short.count > 40)
        let differences = try NumpyRenderer.differences(Self.short)
        #expect(differences == [])
    }

    @Test(.enabled(if: Python.testFiles != nil, "\(Python.missing)"))
    func `real files look as numpy renders them`() throws {
        let folder = try TemporaryFolder()
        let described = try Python.run(Self.describe, [try #require(Python.testFiles), folder.path])
        #expect(described.status == 0, "\(described.errors)")
        var cases: [RenderedCase] = []
        for place in 0..<(Int(described.output.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0) {
            func data(_ kind: String) throws -> Data {
                try Data(contentsOf: URL(fileURLWithPath: folder.appending("\(place).\(kind)")))
            }
            let json = try #require(try JSONSerialization.jsonObject(with: data("json")) as? [String: Any])
            cases.append(try RenderedCase(json: json, frame: Array(try data("raw"))))
        }
        #expect(cases.count >= 10)
        #expect(cases.allSatisfy { $0.png != nil })
        let differences = try NumpyRenderer.differences(cases)
        #expect(differences == [])
    }

    private static let describe = """
        import json, os, sys
        import pydicom
        names = ['CT_small', 'MR_small', 'MR_small_bigendian', 'MR_small_expb', 'MR_small_implicit', 'MR_small_padded',
                 'ExplVR_BigEnd', 'SC_rgb_small_odd', 'SC_rgb_small_odd_big_endian', 'examples_rgb_color',
                 'examples_overlay', 'MR_truncated']
        for place, name in enumerate(names):
            ds = pydicom.dcmread(f'{sys.argv[1]}/{name}.dcm')
            size = ds.Rows * ds.Columns * ds.SamplesPerPixel * ds.BitsAllocated // 8
            d = dict(name=name, rows=ds.Rows, columns=ds.Columns, samples=ds.SamplesPerPixel,
                     photometric=ds.PhotometricInterpretation, planar=ds.get('PlanarConfiguration', 0),
                     allocated=ds.BitsAllocated, stored=ds.BitsStored, high=ds.HighBit,
                     signed=bool(ds.PixelRepresentation), big=not ds.original_encoding[1],
                     words=ds['PixelData'].VR == 'OW', slope=float(ds.get('RescaleSlope', 1)),
                     intercept=float(ds.get('RescaleIntercept', 0)))
            if 'WindowCenter' in ds:
                first = lambda v: str(float(v[0] if isinstance(v, pydicom.multival.MultiValue) else v))
                d['window'] = dict(center=first(ds.WindowCenter), width=first(ds.WindowWidth), function='linear')
            json.dump(d, open(f'{sys.argv[2]}/{place}.json', 'w'))
            open(f'{sys.argv[2]}/{place}.raw', 'wb').write(ds.PixelData[:size + 1])
        print(len(names))
        """

    @Test func `libpng and pngfix find no fault, and the size is the one foretold`() throws {
        let folder = try TemporaryFolder()
        var paths: [String] = []
        for item in Self.cases + Self.short {
            let shape = try #require(item.description.pngShape, "\(item.name)")
            let png = try #require(item.png, "\(item.name)")
            #expect(png.count == shape.fileSize, "\(item.name)")
            let decoded = try #require(DecodedPNG(png), "\(item.name)")
            #expect(decoded.width == item.description.columns, "\(item.name)")
            #expect(decoded.height == item.description.rows, "\(item.name)")
            #expect(decoded.channels == item.description.samplesPerPixel, "\(item.name)")
            paths.append(try folder.write("\(paths.count).png", png))
        }
        let checked = try Program.run("pngfix", ["--warnings"] + paths)
        #expect(checked.status == 0)
        let lines = checked.output.split(separator: "\n")
        #expect(lines.count == paths.count)
        #expect(lines.allSatisfy { $0.hasPrefix("IDAT OK ") }, "\(checked.output)")
    }
}
