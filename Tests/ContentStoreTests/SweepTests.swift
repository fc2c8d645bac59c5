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

    // MARK: Space of segments

    /// Bytes unlike those of other numbers.
    private static func chunk(_ number: UInt64, bytes: Int = 16 << 10) -> [UInt8] {
        number.bigEndianBytes + [UInt8](repeating: 7, count: bytes - 8)
    }

    private func segments(_ test: EngineUnderTest) throws -> Segments {
        try #require(test.engine as? RocksDBEngine).segments
    }

    /// Bytes of the disk that all segments take.
    private func bytesTaken(_ test: EngineUnderTest) throws -> UInt64 {
        let segments = try segments(test)
        return try segments.numbers().reduce(0) { $0 + (segments.extent($1)?.taken ?? 0) }
    }

    @Test(arguments: EngineFactory.all)
    func `the space of swept chunks is given back, a bit at a time or all at once`(factory: EngineFactory) throws {
        let test = try EngineUnderTest(factory)
        let digests = try (UInt64(0)..<600).map { try test.engine.put(Self.chunk($0)) }
        // Its segment gets no more.
        try test.reopen()
        let all = try bytesTaken(test)
        #expect(all >= 600 * (16 << 10))
        var freed: UInt64 = 0
        for part in 0..<20 {
            let gone = Set(digests[..<400].enumerated().filter { $0.offset / 20 == part }.map(\.element))
            let swept = try test.engine.sweep(stampedBefore: 2) { !gone.contains($0) }
            #expect(swept.chunks == 20)
            freed += swept.bytesFreed
        }
        #expect(try bytesTaken(test) == all - freed)
        #expect(freed > 380 * (16 << 10))
        for (seed, digest) in digests.enumerated().dropFirst(400) {
            #expect(try test.engine.bytes(digest) == Self.chunk(UInt64(seed)))
        }
        _ = try test.engine.sweep(stampedBefore: 2) { _ in false }
        #expect(try bytesTaken(test) == 0)
    }

    @Test(arguments: EngineFactory.all)
    func `a single chunk among many is given back at once`(factory: EngineFactory) throws {
        let test = try EngineUnderTest(factory)
        let digests = try (UInt64(0)..<300).map { try test.engine.put(Self.chunk($0)) }
        try test.reopen()
        let swept = try test.engine.sweep(stampedBefore: 2) { $0 != digests[100] }
        #expect(swept.bytesFreed == 16 << 10)
        let place = try #require(try segments(test).numbers().first)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(segments(test).folder)/\(Segments.name(place))"))
        #expect(bytes[(100 << 14)..<(101 << 14)].allSatisfy { $0 == 0 })
    }

    @Test(arguments: EngineFactory.all)
    func `a segment that is empty is removed, and its number never given again`(factory: EngineFactory) throws {
        let test = try EngineUnderTest(factory)
        for number in UInt64(0)..<3 {
            try test.engine.put(Self.chunk(number))
            try test.reopen()
        }
        #expect(try segments(test).numbers() == [1, 2, 3])
        #expect(try test.engine.sweep(stampedBefore: 2) { _ in false }.chunks == 3)
        #expect(try segments(test).numbers() == [3])
        #expect(try bytesTaken(test) == 0)
        try test.reopen()
        let digest = try test.engine.put(Self.chunk(4))
        #expect(try segments(test).numbers() == [3, 4])
        #expect(try test.engine.bytes(digest) == Self.chunk(4))
    }

    @Test(arguments: EngineFactory.all)
    func `chunks that lie between others are given back too, and the others stay`(factory: EngineFactory) throws {
        let test = try EngineUnderTest(factory)
        let digests = try (UInt64(0)..<300).map { try test.engine.put(Self.chunk($0, bytes: 20_000 + Int($0))) }
        try test.reopen()
        let gone = Set(digests.enumerated().filter { $0.offset % 3 != 1 }.map(\.element))
        let swept = try test.engine.sweep(stampedBefore: 2) { !gone.contains($0) }
        #expect(swept.chunks == 200)
        // But for the blocks that they share with others.
        #expect(swept.bytesFreed > 200 * (20_000 - 4096))
        #expect(swept.bytesHeld < 100 * 2 * 4096)
        for (seed, digest) in digests.enumerated() where !gone.contains(digest) {
            #expect(try test.engine.bytes(digest) == Self.chunk(UInt64(seed), bytes: 20_000 + seed))
        }
        #expect(try test.engine.sweep(stampedBefore: 2) { _ in true }.bytesFreed == 0)
    }

    @Test(arguments: EngineFactory.all)
    func `what a killed sweep did not give back, and bytes that never got a row, are given back by the next`(
        factory: EngineFactory
    ) throws {
        let test = try EngineUnderTest(factory)
        let kept = try test.engine.put(Self.chunk(1))
        let segments = try segments(test)
        // As an ingest leaves them that was killed.
        for _ in 0..<50 { segments.release(try segments.append(Self.chunk(2).span.bytes)) }
        try test.reopen()
        let swept = try test.engine.sweep(stampedBefore: 2) { _ in true }
        #expect(swept.chunks == 0)
        #expect(swept.bytesFreed >= 50 * (16 << 10) - 8192)
        #expect(swept.bytesHeld <= 8192)
        #expect(try test.engine.bytes(kept) == Self.chunk(1))
    }

    @Test(arguments: EngineFactory.all)
    func `nothing is given back where bytes are on their way, or a row cannot be read`(factory: EngineFactory) throws {
        let test = try EngineUnderTest(factory)
        let digests = try (UInt64(0)..<40).map { try test.engine.put(Self.chunk($0)) }
        let underWay = try segments(test).append(Self.chunk(40).span.bytes)
        #expect(try test.engine.sweep(stampedBefore: 2) { $0 == digests[0] }.bytesFreed == 0)
        #expect(try test.engine.bytes(digests[0]) == Self.chunk(0))
        try segments(test).release(underWay)
        try test.damage(digests[0], .noteUnreadable)
        let all = try bytesTaken(test)
        let swept = try test.engine.sweep(stampedBefore: 2) { _ in true }
        #expect(swept.bytesFreed == 0)
        #expect(swept.bytesHeld > 39 * (16 << 10))
        #expect(try bytesTaken(test) == all)
    }

    @Test func `segments are looked into together up to a million chunks`() {
        var use = SegmentUse()
        for (segment, count) in [(UInt64(1), 600_000), (2, 500_000), (3, 1), (4, 1_200_000), (5, 1)] {
            for _ in 0..<count {
                use.add(ChunkRow(place: .init(segment: segment, offset: 0), length: 1, checksum: 0, stamp: 0))
            }
        }
        #expect(use.groups(of: [1, 2, 3, 4, 5]) == [[1], [2, 3], [4], [5]])
        #expect(use.groups(of: []) == [])
    }

    @Test func `gaps are the whole blocks that no row names`() {
        func gaps(_ rows: [(UInt64, UInt64)], length: UInt64) -> [Range<UInt64>] {
            SegmentUse.gaps(
                between: rows.map {
                    ChunkRow(place: .init(segment: 1, offset: $0.0), length: $0.1, checksum: 0, stamp: 0)
                }, length: length)
        }
        #expect(gaps([], length: 10_000) == [0..<12288])
        #expect(gaps([(0, 10_000)], length: 10_000) == [])
        #expect(gaps([(0, 1)], length: 10_000) == [4096..<12288])
        #expect(gaps([(4096, 4096)], length: 12288) == [0..<4096, 8192..<12288])
        #expect(gaps([(4095, 2)], length: 8192) == [])
        // In any order, and one within another.
        #expect(gaps([(20_000, 10), (0, 9000), (5000, 10)], length: 30_000) == [12288..<16384, 20480..<32768])
    }
}
