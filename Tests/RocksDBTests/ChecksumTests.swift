import CRocksDBSupplement
import RocksDB
import TestSupport
import Testing

/// The checksum that stands in for the library's own.
struct ChecksumTests {
    private func checksum(_ bytes: [UInt8], after crc: UInt32 = 0) -> UInt32 {
        crocksdb_crc32c_extend(crc, bytes, bytes.count)
    }

    @Test func `it is CRC-32C, as the examples of RFC 3720 have it`() {
        #expect(checksum(Array("123456789".utf8)) == 0xE306_9283)
        #expect(checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(checksum((0..<32).map { UInt8($0) }) == 0x46DD_794E)
        #expect(checksum([]) == 0)
    }

    @Test func `it goes on from what came before, wherever the bytes are divided`() {
        let bytes = (0..<100).map { UInt8(truncatingIfNeeded: $0 &* 37) }
        let whole = checksum(bytes)
        for place in 0...bytes.count {
            #expect(checksum(Array(bytes[place...]), after: checksum(Array(bytes[..<place]))) == whole)
        }
    }

    @Test(arguments: [12_287, 12_288, 12_289, 12_296, 24_576, 100_003])
    func `many bytes, gone through in three parts at once, have the checksum of their pieces`(count: Int) {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
        var pieces: UInt32 = 0
        for start in stride(from: 0, to: count, by: 1000) {
            pieces = checksum(Array(bytes[start..<min(count, start + 1000)]), after: pieces)
        }
        #expect(checksum(bytes) == pieces)
    }

    @Test func `the library finds it in place of its own`() throws {
        // Opening one uses the library, so that it is loaded.
        let folder = try TemporaryFolder()
        var options = DatabaseOptions()
        options.createIfMissing = true
        _ = try Database.open(path: folder.appending("db"), families: [], options: options)
        #expect(crocksdb_crc32c_is_used() == 1)
    }
}
