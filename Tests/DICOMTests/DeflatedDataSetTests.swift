import DICOM
import TestSupport
import Testing

@Suite struct DeflatedDataSetTests {
    static let syntaxes = ["1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"]

    @Test(arguments: syntaxes)
    func `the bytes are one bulk value and the header is inflated beside`(uid: String) throws {
        let plain = DataSetBuilder.image(pixels: 100_000).bytes
        let deflated = DeflateStream.stored(plain)
        for fragments in [[1], [7], [Int.max]] {
            let (result, parts) = try scan(deflated, TransferSyntax(uid), fragments: fragments)
            #expect(result.isDeflated)
            #expect(result.totalLength == UInt64(deflated.count))
            #expect(parts.bulks.map(\.bytes) == [deflated])
            #expect(parts.bulks.first?.element.kind == .deflated)
            #expect(parts.header.isEmpty)
            let header = DataSetHeader(try #require(parts.derived), result)
            #expect(header.text(.patientID) == "P1")
            #expect(header.isBulk(.pixelData))
            #expect(result.bulkElements.map(\.valueLength) == [100_000])
        }
    }

    @Test func `a stream wrapped by zlib is understood`() throws {
        let plain = DataSetBuilder.image().bytes
        let wrapped = [0x78, 0x01] + DeflateStream.stored(plain) + DeflateStream.adler32(plain)
        let (result, parts) = try scan(wrapped, .deflatedExplicitVRLittleEndian)
        #expect(result.isDeflated)
        #expect(DataSetHeader(try #require(parts.derived), result).text(.patientID) == "P1")
    }

    @Test func `a data set that was never deflated is scanned as it is`() throws {
        let plain = DataSetBuilder.image().bytes
        let (result, parts) = try scan(plain, .deflatedExplicitVRLittleEndian, fragments: [1])
        #expect(!result.isDeflated)
        #expect(parts.reassembled(result) == plain)
    }

    @Test func `padding behind the stream is kept`() throws {
        let deflated = DeflateStream.stored(DataSetBuilder.image().bytes) + [0]
        #expect(try scan(deflated, .deflatedExplicitVRLittleEndian).1.bulks.first?.bytes == deflated)
    }

    @Test func `a stream cut off anywhere is refused`() {
        let deflated = DeflateStream.stored(DataSetBuilder.image().bytes)
        for length in 0..<deflated.count {
            #expect(throws: DICOMError.self) {
                try scan(Array(deflated[..<length]), .deflatedExplicitVRLittleEndian)
            }
        }
    }

    @Test func `a corrupt stream is refused`() {
        #expect(
            message { try scan([0xFF, 0xFF, 1, 2, 3, 4, 5, 6, 7, 8], .deflatedExplicitVRLittleEndian) }
                .contains("corrupt"))
    }

    @Test func `a bomb that inflates into header is refused at 16 MiB`() {
        // 2 MB of zeros are a quarter of a million empty elements.
        let bomb = DeflateStream.zeros(count: 40 << 20)
        #expect(bomb.count < 300_000)
        #expect(message { try scan(bomb, .deflatedExplicitVRLittleEndian) }.contains("longer than 16777216 bytes"))
    }

    @Test func `a bomb that inflates into bulk is refused at the limit`() {
        var set = DataSetBuilder.image()
        set.bytes.removeLast(44)
        set.start(.pixelData, .ow, 0xFFFF_FFF0)
        var limits = ScanLimits()
        limits.inflatedBytes = 8 << 20
        let bomb = DeflateStream.stored(set.bytes, isLast: false) + DeflateStream.zeros(count: 9 << 20)
        #expect(
            message { try scan(bomb, .deflatedExplicitVRLittleEndian, limits: limits) }
                == "The deflated data set inflates to more than 8388608 bytes")
    }
}

/// Deflate streams (RFC 1951) written by hand.
enum DeflateStream {
    /// The message in stored blocks.
    static func stored(_ message: [UInt8], isLast: Bool = true) -> [UInt8] {
        var output: [UInt8] = []
        var start = 0
        repeat {
            let end = min(start + 65535, message.count)
            let length = UInt16(end - start)
            output.append(isLast && end == message.count ? 1 : 0)
            for number in [length, ~length] { output += [UInt8(truncatingIfNeeded: number), UInt8(number >> 8)] }
            output += message[start..<end]
            start = end
        } while start < message.count
        return output
    }

    /// About `count` zeros in one block of fixed codes: a literal, then copies of 258 bytes from one byte before.
    static func zeros(count: Int) -> [UInt8] {
        var output: [UInt8] = []
        var byte: UInt8 = 0
        var filled = 0
        func put(_ bits: String) {
            for bit in bits.utf8 {
                if bit == UInt8(ascii: "1") { byte |= 1 << filled }
                filled += 1
                if filled == 8 {
                    output.append(byte)
                    byte = 0
                    filled = 0
                }
            }
        }
        put("110")  // last block, fixed codes
        put("00110000")
        for _ in 0..<(count / 258) { put("1100010100000") }
        put("0000000")
        put("0000000")
        return output
    }

    static func adler32(_ message: [UInt8]) -> [UInt8] {
        var a: UInt32 = 1
        var b: UInt32 = 0
        for byte in message {
            a = (a + UInt32(byte)) % 65521
            b = (b + a) % 65521
        }
        let sum = b << 16 | a
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: sum >> UInt32($0)) }
    }
}
