import Imaging
import Testing

@Suite struct ShapeTests {
    /// The size by the formula of PNG, RFC 1950 and RFC 1951: signature, IHDR, IDAT with its stored blocks, IEND.
    private func size(_ width: Int, _ height: Int, _ channels: Int) -> Int {
        let rows = height * (1 + width * channels)
        return 8 + (12 + 13) + (12 + 2 + rows + 5 * ((rows + 65534) / 65535) + 4) + 12
    }

    @Test(arguments: [
        (1, 1, 1), (1, 1, 3), (512, 512, 1), (512, 512, 3), (3, 5, 1), (640, 479, 3), (100, 100, 1),
        // One block, filled to the last byte or not, and just more than one.
        (65533, 1, 1), (65534, 1, 1), (65535, 1, 1), (21844, 1, 3), (21845, 1, 3), (254, 257, 1), (255, 256, 1),
        (2, 21845, 1), (1, 32768, 1), (1, 65535, 1),
        // Two blocks, filled to the last byte or not, and just more.
        (65534, 2, 1), (65535, 2, 1), (4, 26214, 1), (4, 26215, 1),
    ])
    func `a file has exactly the size its shape foretells, and libpng reads it`(width: Int, height: Int, channels: Int)
        throws
    {
        let shape = try #require(PNGShape(width: width, height: height, channels: channels))
        #expect(shape.fileSize == size(width, height, channels))
        var description = PixelDescription()
        (description.rows, description.columns, description.samplesPerPixel) = (height, width, channels)
        (description.bitsAllocated, description.bitsStored, description.highBit) = (8, 8, 7)
        description.photometricInterpretation = channels == 3 ? "RGB" : "MONOCHROME2"
        description.window = PixelDescription.Window(center: 127.5, width: 255, function: .linearExact)
        let frame = RenderedCase.noise(width * height * channels)
        let rendered = try Renderer.withPicture(description, frame: frame.span.bytes) { $0.storedPNG() }
        let png = try #require(rendered)
        #expect(png.count == shape.fileSize)
        // This window changes nothing: the pixels come through.
        #expect(DecodedPNG(png)?.pixels == frame)
    }

    @Test func `the size of a CT image is the documented one`() {
        #expect(PNGShape(width: 512, height: 512, channels: 1)?.fileSize == 262_744)
    }

    @Test func `there is no shape beyond what Rows and Columns can say, or above 64 MiB`() {
        for (width, height) in [(0, 1), (1, 0), (-1, 1), (65536, 1), (1, 65536), (.max, .max), (.min, 5)] {
            #expect(PNGShape(width: width, height: height, channels: 1) == nil)
        }
        for channels in [-1, 0, 2, 4, .max] { #expect(PNGShape(width: 1, height: 1, channels: channels) == nil) }
        #expect(PNGShape(width: 65535, height: 65535, channels: 3) == nil)
        // A little below and above 67,108,864 bytes.
        #expect(PNGShape(width: 65535, height: 1023, channels: 1) != nil)
        #expect(PNGShape(width: 65535, height: 1024, channels: 1) == nil)
        #expect(PNGShape(width: 4728, height: 4728, channels: 3) != nil)
        #expect(PNGShape(width: 4730, height: 4730, channels: 3) == nil)
        #expect(PNGShape(width: 65535, height: 511, channels: 1, bits: 16) != nil)
        #expect(PNGShape(width: 65535, height: 512, channels: 1, bits: 16) == nil)
    }

    @Test func `values of any kind make an image of the size foretold, or none`() throws {
        let numbers = [Int.min, -1, 0, 1, 2, 7, 8, 9, 11, 12, 15, 16, 17, 32, 99, 65535, 65536, .max]
        let sizes = [1, 3, 4, 1, 3, 4, 1, 3, 4, Int.min, -1, 0, 65536, .max]
        let doubles = [-Double.infinity, -1e308, -1, -0.0, .leastNonzeroMagnitude, 0.5, 1, 1e308, .infinity, .nan]
        let colors = [
            ("MONOCHROME1", 1), ("MONOCHROME2", 1), ("RGB", 3), ("MONOCHROME2", 3), ("RGB", 1), ("RGB", .max), ("", 1),
            ("YBR_FULL", 3), ("YBR_FULL_422", 3), ("YBR_RCT", 3), ("PALETTE COLOR", 1), ("MONOCHROME2 ", 1),
            ("MONOCHROME2", -1),
        ]
        var state: UInt64 = 7
        func pick<Value>(_ values: [Value]) -> Value {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return values[Int(state >> 33) % values.count]
        }
        let frame = RenderedCase.noise(40)
        var images = 0
        for _ in 0..<8_000 {
            var description = PixelDescription()
            description.rows = pick(sizes)
            description.columns = pick(sizes)
            (description.photometricInterpretation, description.samplesPerPixel) = pick(colors)
            description.planarConfiguration = pick(numbers)
            description.bitsAllocated = pick([8, 16, 8, 16, 1, 32, 64, 0, -8, .max])
            description.bitsStored = pick(numbers)
            description.highBit = pick(numbers)
            description.isSigned = pick([true, false])
            description.isBigEndian = pick([true, false])
            description.isWords = pick([true, false])
            description.rescaleSlope = pick(doubles)
            description.rescaleIntercept = pick(doubles)
            let tables: [PixelDescription.Table?] = [
                nil, nil, .init(firstValue: pick(numbers), bitsPerEntry: pick(numbers), entries: []),
                .init(firstValue: pick(numbers), bitsPerEntry: pick(numbers), entries: [0, 7, 65535]),
            ]
            description.modalityLUT = pick(tables)
            description.voiLUT = pick(tables)
            let function: PixelDescription.Window.Function = pick([.linear, .linearExact, .sigmoid])
            let window = PixelDescription.Window(center: pick(doubles), width: pick(doubles), function: function)
            description.window = pick([nil, window])
            let bytes = pick([frame, [], Array(frame.prefix(1)), Array(frame.prefix(5))])
            description.sampleType = pick([.integer, .integer, .integer, .float, .double])
            description.padding = pick([nil, -5...5, -.infinity ... .infinity])
            description.palette = (0..<3).map { _ in
                .init(firstValue: pick(numbers), bitsPerEntry: pick(numbers), entries: [1, 300, 65535])
            }
            description.overlays = pick([
                [], [.init(rows: 2, columns: 9, row: -1, column: pick([-3, 1, 70_000]), bits: [0xFF])],
            ])
            let firstBit = pick([0, 1, 7, 8])
            let png = try Renderer.withPicture(description, frame: bytes.span.bytes, firstBit: firstBit) {
                $0.storedPNG()
            }
            let raw = try Renderer.withPicture(description, frame: bytes.span.bytes, isRaw: true) { $0.storedPNG() }
            #expect(raw?.count == description.rawShape?.fileSize)
            #expect(png?.count == description.pngShape?.fileSize)
            if png != nil { images += 1 }
        }
        #expect(images > 300)
    }
}
