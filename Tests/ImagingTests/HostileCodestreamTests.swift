import Codecs
import Imaging
import Testing

/// Codestreams whose headers claim what would take memory and time without end.
@Suite struct HostileCodestreamTests {
    private let format = FrameFormat(
        width: 64, height: 64, samplesPerPixel: 1, bitsAllocated: 8, bitsStored: 8, isSigned: false)

    private func reason(_ bytes: [UInt8], _ format: FrameFormat? = nil) -> String? {
        do {
            _ = try bytes.withUnsafeBytes { try FrameDecoder.decode($0, .codestream, format ?? self.format) }
            return nil
        } catch {
            return "\(error)"
        }
    }

    private static func big(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
    }

    /// SOC, SIZ and COD of one component of 8 bits.
    private static func wavelet(
        _ size: UInt32 = 64, tile: UInt32 = 64, components: Int = 1, layers: UInt16 = 1, levels: UInt8 = 0,
        blocks: UInt8 = 4, precincts: [UInt8]? = nil
    ) -> [UInt8] {
        let siz =
            [0, 0] + big(size) + big(size) + big(0) + big(0) + big(tile) + big(tile) + big(0) + big(0)
            + [UInt8(components >> 8), UInt8(components & 0xFF)]
            + (0..<components).flatMap { _ in [7, 1, 1] as [UInt8] }
        let style: [UInt8] = [
            precincts == nil ? 0 : 1, 0, UInt8(layers >> 8), UInt8(layers & 0xFF), 0, levels, blocks, blocks, 0, 1,
        ]
        let cod = style + (precincts ?? [])
        func segment(_ marker: UInt8, _ bytes: [UInt8]) -> [UInt8] {
            [0xFF, marker, UInt8((bytes.count + 2) >> 8), UInt8((bytes.count + 2) & 0xFF)] + bytes
        }
        return [0xFF, 0x4F] + segment(0x51, siz) + segment(0x52, cod)
    }

    @Test func `an honest header is not what is refused`() {
        #expect(reason(Self.wavelet(levels: 5)) == "the header of the JPEG 2000 codestream is broken")
    }

    @Test func `a number of tiles beyond any integer is refused`() {
        #expect(reason(Self.wavelet(.max, tile: 1))?.contains("4294967295") == true)
        #expect(reason(Self.wavelet(64, tile: 1))?.contains("4096 tiles") == true)
    }

    @Test func `layers, precincts and code blocks without end are refused`() {
        let large = FrameFormat(
            width: 3000, height: 3000, samplesPerPixel: 1, bitsAllocated: 8, bitsStored: 8, isSigned: false)
        #expect(reason(Self.wavelet(layers: 65_535, precincts: [0]))?.contains("65535 layers") == true)
        #expect(reason(Self.wavelet(3000, tile: 3000, precincts: [0]), large)?.contains("precincts") == true)
        #expect(reason(Self.wavelet(3000, tile: 3000, blocks: 0), large)?.contains("blocks of 16 pixels") == true)
    }

    @Test func `what counts is the codestream in the box, not what looks like one before it`() {
        func box(_ type: String, _ bytes: [UInt8]) -> [UInt8] {
            Self.big(UInt32(bytes.count + 8)) + Array(type.utf8) + bytes
        }
        let file =
            box("jP  ", [0x0D, 0x0A, 0x87, 0x0A]) + box("free", Self.wavelet())
            + box("jp2c", Self.wavelet(64, tile: 1, components: 100))
        #expect(reason(file)?.contains("100 components") == true)
        #expect(
            reason(box("jP  ", [0x0D, 0x0A, 0x87, 0x0A]) + box("free", Self.wavelet()))
                == "the JP2 file has no codestream")
    }

    @Test func `a progressive image of thousands of scans is refused`() {
        let frame: [UInt8] = [0xFF, 0xC2, 0, 11, 8, 0, 64, 0, 64, 1, 1, 0x11, 0]
        let scan: [UInt8] = [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 0, 0]
        let bytes = [0xFF, 0xD8] + frame + (0..<1000).flatMap { _ in scan } + [0xFF, 0xD9]
        #expect(reason(bytes)?.contains("scans") == true)
    }

    @Test func `an RLE frame whose segments are elsewhere is refused, whatever its header says`() throws {
        let format = FrameFormat(
            width: 16, height: 16, samplesPerPixel: 3, bitsAllocated: 16, bitsStored: 16, isSigned: false)
        let samples = (0..<format.length).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let honest = try FrameEncoder.encode(DecodedFrame(format: format, isYBR: nil, samples: samples), .rle)
        func decoded(_ bytes: [UInt8]) -> Result<[UInt8], CodecError> {
            Result { () throws(CodecError) in
                let bytes = bytes.span.bytes
                return try bytes.withUnsafeBytes { bytes throws(CodecError) in
                    try FrameDecoder.decode(bytes, .rle, format).samples
                }
            }
        }
        #expect(try decoded(honest).get() == samples)
        for place in 0..<7 {
            for number in [0, 1, 63, UInt32(honest.count) + 1, 1 << 24, 0x7FFF_FFFF, 0x8000_0040, .max] {
                var bytes = honest
                for byte in 0..<4 { bytes[4 * place + byte] = UInt8(truncatingIfNeeded: number >> UInt32(8 * byte)) }
                #expect(throws: CodecError.self, "\(place): \(number)") { try decoded(bytes).get() }
            }
        }
        #expect(throws: CodecError.self) { try decoded(Array(honest.prefix(63))).get() }
    }

    // MARK: - Bits beside those stored

    private func picture(_ description: PixelDescription, _ frame: [UInt8], isRaw: Bool = false) throws -> [UInt8]? {
        try Renderer.withPicture(description, frame: frame.span.bytes, isRaw: isRaw) { $0.storedPNG() }
    }

    private func grey(_ allocated: Int, stored: Int) -> PixelDescription {
        var description = PixelDescription()
        (description.rows, description.columns) = (64, 64)
        description.photometricInterpretation = "MONOCHROME2"
        (description.bitsAllocated, description.bitsStored, description.highBit) = (allocated, stored, stored - 1)
        description.window = PixelDescription.Window(center: 128, width: 256)
        return description
    }

    @Test func `samples of 16 bits with 8 stored look as those of 8 do, also after those were shown`() throws {
        let frame = (0..<4096).map { UInt8(truncatingIfNeeded: $0) }
        let eight = try #require(try picture(grey(8, stored: 8), frame))
        // Other bits are set above those stored.
        let wide: [UInt8] = frame.flatMap { [$0, 0xA5] }
        #expect(try picture(grey(16, stored: 8), wide) == eight)
    }

    @Test(arguments: [LosslessCoding.jpegLossless, .jpegLS, .jpeg2000])
    func `a codestream that has all bits allocated shows those stored`(coding: LosslessCoding) throws {
        var description = grey(16, stored: 12)
        description.isSigned = true
        // Negative ones without the bits above, as many devices write them.
        let frame = (0..<4096).flatMap { number -> [UInt8] in [UInt8(number & 0xFF), UInt8(number >> 8)] }
        let plain = try #require(try picture(description, frame, isRaw: true))
        var format = format
        (format.bitsAllocated, format.bitsStored) = (16, 16)
        let encoded = try FrameEncoder.encode(DecodedFrame(format: format, isYBR: nil, samples: frame), coding)
        description.coding = .codestream
        #expect(try picture(description, encoded, isRaw: true) == plain)
    }
}
