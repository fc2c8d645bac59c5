import Foundation
import Hashing
import RocksDB
import Synchronization
import TestSupport
import Testing
import Threads

@testable import ContentStore

/// What every engine promises of a sweep.
@Suite struct SweepTests {
    @Test(arguments: EngineFactory.all)
    func `a sweep takes what is stamped earlier and not referenced, and nothing else`(factory: EngineFactory) throws {
        let test = try EngineUnderTest(factory)
        let old = try test.engine.put([1], generation: 5)
        let referenced = try test.engine.put([2], generation: 5)
        let current = try test.engine.put([3], generation: 6)
        let result = try test.engine.sweep(stampedBefore: 6) { $0 == referenced }
        #expect(result.chunks == 1)
        #expect(result.bytes == 1)
        #expect(throws: StoreError.self) { try test.engine.bytes(old) }
        #expect(try test.engine.bytes(referenced) == [2])
        #expect(try test.engine.bytes(current) == [3])
    }

    @Test(arguments: EngineFactory.all)
    func `a chunk that is put again is kept by its new generation`(factory: EngineFactory) throws {
        let test = try EngineUnderTest(factory)
        let digest = try test.engine.put([1], generation: 5)
        try test.engine.put([1], generation: 7)
        try test.engine.put([1], generation: 6)
        #expect(try test.engine.sweep(stampedBefore: 7) { _ in false }.chunks == 0)
        #expect(try test.engine.bytes(digest) == [1])
        #expect(try test.engine.sweep(stampedBefore: 8) { _ in false }.chunks == 1)
    }

    @Test(arguments: EngineFactory.all)
    func `a chunk that is put again while a sweep decides about it is kept`(factory: EngineFactory) throws {
        let test = try EngineUnderTest(factory)
        let engine = test.engine
        let digest = try engine.put([1], generation: 5)
        let result = try engine.sweep(stampedBefore: 6) { _ in
            _ = try? engine.put([1], generation: 6)
            return false
        }
        #expect(result.chunks == 0)
        #expect(try engine.bytes(digest) == [1])
    }

    @Test(arguments: EngineFactory.all)
    func `a swept chunk can be stored again`(factory: EngineFactory) throws {
        let test = try EngineUnderTest(factory)
        let digest = try test.engine.put([1], generation: 1)
        _ = try test.engine.sweep(stampedBefore: 2) { _ in false }
        #expect(try test.engine.chunkList().isEmpty)
        try test.engine.put([1], generation: 2)
        #expect(try test.engine.bytes(digest) == [1])
    }

    @Test(arguments: EngineFactory.all)
    func `what is damaged does not stop a sweep`(factory: EngineFactory) throws {
        let test = try EngineUnderTest(factory)
        let digests = try (UInt8(0)..<10).map { try test.engine.put([$0]) }
        try test.damage(digests[3], .noteUnreadable)
        #expect(try test.engine.sweep(stampedBefore: 2) { _ in false }.chunks == 9)
        #expect(try test.engine.chunkList().map(\.0) == [digests[3]])
    }

    @Test(arguments: EngineFactory.all)
    func `a chunk that is wanted while sweeps run is never lost`(factory: EngineFactory) throws {
        let test = try EngineUnderTest(factory)
        let store = ChunkStore(engine: test.engine)
        let done = Gate()
        let lost = Mutex<[String]>([])
        let rounds = 150
        let ended = Mutex(0)
        let removed = Mutex(0)
        for writer in 0..<2 {
            Thread.start {
                var round = 0
                // Until a sweep has met a moment in which nobody wanted one of them.
                while round < rounds || round < 100_000 && removed.withLock({ $0 == 0 }) {
                    round += 1
                    // Few digests, wanted by both all the time and swept all the time.
                    let bytes = [UInt8(round % 3)]
                    let digest = SHA256.hash(bytes)
                    let generation = store.beginIngest()
                    do {
                        try store.engine.put(bytes.span.bytes, digest: digest, generation: generation.number)
                        for _ in 0..<3 { _ = try store.engine.chunk(digest) }
                    } catch { lost.withLock { $0.append("writer \(writer) round \(round): \(error)") } }
                    withExtendedLifetime(generation) {}
                }
                if ended.withLock({
                    $0 += 1; return $0 == 2
                }) {
                    done.open()
                }
            }
        }
        repeat {
            let swept = try store.sweep { { _ in false } }.chunks
            removed.withLock { $0 += swept }
        } while !done.wait(milliseconds: 0)
        #expect(lost.withLock { $0 } == [])
        #expect(removed.withLock { $0 } > 0)
    }

    @Test func `space that a killed sweep did not give back is given back by the next`() throws {
        let test = try EngineUnderTest(.rocksDB)
        let engine = try #require(test.engine as? RocksDBEngine)
        let digests = try (UInt64(0)..<600).map { try test.engine.put(Self.chunk($0, bytes: 16 << 10)) }
        try engine.flush()
        // As a sweep does it before it is killed.
        var batch = WriteBatch()
        for digest in digests[..<400] {
            let row = try #require(try engine.chunkRow(digest))
            batch.delete(row.arrival.bigEndianBytes.span.bytes, in: engine.bytes)
            batch.delete(digest.bytes, in: engine.chunks)
        }
        let segments = Set(try digests.dropFirst(400).map { try #require(try engine.chunkRow($0)).arrival >> 16 })
        let begun = segments.flatMap(\.bigEndianBytes)
        let key = RocksDBEngine.begunKey
        batch.put(key.span.bytes, begun.span.bytes, in: engine.commitNumbers)
        try engine.write(batch, synced: true)

        let swept = try engine.sweep(stampedBefore: 2) { _ in true }
        #expect(swept.chunks == 0)
        #expect(swept.bytesFreed > 300 * (16 << 10))
        #expect(swept.bytesHeld < 100 * (16 << 10))
        for (seed, digest) in digests.enumerated().dropFirst(400) {
            #expect(try engine.bytes(digest) == Self.chunk(UInt64(seed), bytes: 16 << 10))
        }
        #expect(try engine.sweep(stampedBefore: 2) { _ in true }.bytesFreed == 0)
    }

    @Test func `space is given back where a quarter of a segment went, also bit by bit, or all that was left`() {
        let size = UInt64(Segments.size)
        func emptied(before: UInt64, removed: UInt64) -> Bool {
            var use = SegmentUse()
            use.add(Segments.first(of: 7), length: removed, isRemoved: true)
            use.add(Segments.last(of: 7), length: before - removed, isRemoved: false)
            use.add(Segments.first(of: 8), length: size, isRemoved: false)
            #expect(use.emptied == [] || use.emptied == [7])
            return use.emptied == [7]
        }
        #expect(!emptied(before: size, removed: 0))
        #expect(!emptied(before: size, removed: size / 4 - 1))
        #expect(emptied(before: size, removed: size / 4))
        // What an earlier sweep removed counts.
        #expect(emptied(before: size * 3 / 4 + 1, removed: 1))
        #expect(!emptied(before: size * 3 / 4, removed: 1))
        #expect(emptied(before: size * 3 / 4, removed: size * 3 / 16))
        #expect(emptied(before: 1, removed: 1))
        // Small ones too.
        for before in stride(from: UInt64(1000), to: 1_000_000, by: 997) {
            #expect(emptied(before: before, removed: before * 26 / 100))
        }
    }

    @Test func `each segment of chunks is a blob file of its own, which goes with them`() throws {
        let test = try EngineUnderTest(.rocksDB)
        let segments = try fillSegments(test)
        // A restart begins another.
        try test.reopen()
        let later = try test.engine.put([1])
        let row = try #require(try (test.engine as? RocksDBEngine)?.chunkRow(later))
        #expect(!segments.contains(Segments.segment(of: row.arrival)))
    }

    /// Fills two segments and a half and sweeps the first; which there were.
    private func fillSegments(_ test: EngineUnderTest) throws -> Set<UInt64> {
        let engine = try #require(test.engine as? RocksDBEngine)
        let count = UInt64(Segments.size / (256 << 10)) * 5 / 2
        let digests = try (0..<count).map { try engine.put(Self.chunk($0)) }
        let arrivals = try digests.map { try #require(try engine.chunkRow($0)).arrival }
        #expect(arrivals == arrivals.sorted())
        let segments = Set(arrivals.map { Segments.segment(of: $0) })
        #expect(segments.count == 3)
        try engine.flush()
        #expect(try blobFiles(test).count == 3)
        let first = try #require(segments.min())
        let gone = Set(zip(digests, arrivals).filter { Segments.segment(of: $1) == first }.map(\.0))
        #expect(try engine.sweep(stampedBefore: 2) { !gone.contains($0) }.chunks == gone.count)
        #expect(try blobFiles(test).count == 2)
        for (seed, digest) in digests.enumerated() where !gone.contains(digest) {
            #expect(try engine.bytes(digest) == Self.chunk(UInt64(seed)))
        }
        return segments
    }

    /// Bytes unlike those of other numbers.
    private static func chunk(_ number: UInt64, bytes: Int = 256 << 10) -> [UInt8] {
        number.bigEndianBytes + [UInt8](repeating: 7, count: bytes - 8)
    }

    private func blobFiles(_ test: EngineUnderTest) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: test.folder.path + "/db").filter { $0.hasSuffix(".blob") }
    }

    @Test func `the space of swept chunks is given back, a bit at a time or all at once`() throws {
        let test = try EngineUnderTest(.rocksDB)
        func blobBytes() throws -> Int {
            let path = test.folder.path + "/db"
            return try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".blob") }
                .reduce(0) {
                    $0 + (try FileManager.default.attributesOfItem(atPath: "\(path)/\($1)")[.size] as? Int ?? 0)
                }
        }
        let digests = try (UInt64(0)..<600).map { try test.engine.put(Self.chunk($0, bytes: 16 << 10)) }
        try test.reopen()  // makes it flush
        let engine = try #require(test.engine as? RocksDBEngine)
        try engine.database.flush()
        let all = try blobBytes()
        #expect(all >= 600 * (16 << 10))
        // Less than a quarter of a bucket by each sweep, two thirds of all in the end.
        for part in 0..<20 {
            let gone = Set(digests[..<400].enumerated().filter { $0.offset % 20 == part }.map(\.element))
            #expect(try engine.sweep(stampedBefore: 2) { !gone.contains($0) }.chunks == 20)
        }
        #expect(try blobBytes() < all / 2)
        for (seed, digest) in digests.enumerated().dropFirst(400) {
            #expect(try engine.bytes(digest) == Self.chunk(UInt64(seed), bytes: 16 << 10))
        }
        _ = try engine.sweep(stampedBefore: 2) { _ in false }
        #expect(try blobBytes() < all / 20)
    }
}
