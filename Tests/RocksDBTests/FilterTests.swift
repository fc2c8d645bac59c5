import Foundation
import RocksDB
import TestSupport
import Testing

@Suite struct FilterTests {
    @Test func `a filter that is larger than the cache is not read whole for each key that is missing`() throws {
        let scratch = try Scratch()
        let database = try scratch.open { $0.blockCacheSize = 256 << 10 }
        let plain = try database.family("plain")
        // A filter of 300 KiB in one file.
        for start in stride(from: 0, to: 240_000, by: 8000) {
            var batch = WriteBatch()
            for number in start..<start + 8000 { batch.put(noise(8, seed: UInt64(number)), [1], plain) }
            try database.write(batch, .logged)
        }
        try database.flush()
        let before = try bytesReadByThisThread()
        for number in 0..<1000 { #expect(try database.value(noise(9, seed: UInt64(number))) == nil) }
        #expect(try bytesReadByThisThread() - before < 32 << 20)
        #expect(try database.value(noise(8, seed: 7)) == [1])
    }

    /// What read(2) and its like gave (proc(5), `rchar`).
    private func bytesReadByThisThread() throws -> Int {
        let counts = try String(contentsOfFile: "/proc/thread-self/io", encoding: .utf8)
        let line = try #require(counts.split(separator: "\n").first { $0.hasPrefix("rchar: ") })
        return try #require(Int(line.dropFirst(7)))
    }
}
