import Hashing
import Synchronization
import TestSupport
import Testing

@testable import ContentStore

@Suite struct ChunkWriterTests {
    private let test: EngineUnderTest
    private let store: ChunkStore

    init() throws {
        test = try EngineUnderTest(.rocksDB)
        store = ChunkStore(engine: test.engine)
    }

    /// Writes values, in pieces of a size, and gives the chunks of each.
    private func write(_ values: [[UInt8]], pieces: Int) throws -> [[ChunkWriter.Reference]] {
        var writer = ChunkWriter(store: store, generation: store.beginIngest())
        var all: [[ChunkWriter.Reference]] = []
        for value in values {
            var references: [ChunkWriter.Reference] = []
            for start in stride(from: 0, to: value.count, by: pieces) {
                let piece = value.span.bytes.extracting(start..<min(start + pieces, value.count))
                try writer.append(piece, to: &references)
            }
            try writer.endValue(to: &references)
            all.append(references)
        }
        try writer.finish()
        return all
    }

    private func read(_ references: [ChunkWriter.Reference]) throws -> [UInt8] {
        try references.flatMap { try test.engine.bytes($0.digest) }
    }

    @Test(
        arguments: [
            (1, [1]), (16_384, [16_384]), (16_385, [16_384, 1]), (81_920, [16_384, 65_536]),
            (81_921, [16_384, 65_536, 1]), (344_064, [16_384, 65_536, 262_144]),
            (700_000, [16_384, 65_536, 262_144, 262_144, 93_792]),
        ], [4093, 1 << 20])
    func `a value is cut after 16 and 64 KiB and then every 256 KiB`(
        value: (length: Int, lengths: [Int]), pieces: Int
    ) throws {
        let bytes = noise(value.length, seed: UInt64(value.length))
        // The second value begins anew.
        let both = try write([bytes, bytes], pieces: pieces)
        #expect(both.map { $0.map(\.length) } == [value.lengths, value.lengths])
        #expect(try read(both[0]) == bytes)
        #expect(both[0].first?.digest == SHA256.hash(Array(bytes.prefix(16_384))))
    }

    @Test func `values never share a chunk's bytes, and equal ones are stored once`() throws {
        let value = noise(300_000, seed: 1)
        let references = try write([value, [], [9], value], pieces: 100_000)
        #expect(references.map(\.count) == [3, 0, 1, 3])
        #expect(references[0] == references[3])
        #expect(try test.engine.chunkList().count == 4)
    }

    @Test func `a chunk that cannot be stored is an error, at the latest in the end`() throws {
        let engine = FailingPuts(test.engine)
        let store = ChunkStore(engine: engine)
        for fails in 0..<8 {
            engine.countdown.withLock { $0 = fails }
            var writer = ChunkWriter(store: store, generation: store.beginIngest())
            var references: [ChunkWriter.Reference] = []
            do throws(StoreError) {
                // A small chunk stored by the caller, some beside it, and a small one again.
                for _ in 0..<7 { try writer.append(noise(1 << 18, seed: 1).span.bytes, to: &references) }
                try writer.append([UInt8](repeating: 1, count: 10).span.bytes, to: &references)
                try writer.endValue(to: &references)
                try writer.finish()
                Issue.record("put \(fails) failed, and nobody heard of it")
            } catch {
                #expect(error.code == .noSpace)
            }
        }
    }

    @Test func `a writer that is dropped leaves chunks that a sweep takes`() throws {
        do {
            var writer = ChunkWriter(store: store, generation: store.beginIngest())
            var references: [ChunkWriter.Reference] = []
            try writer.append(noise(300_000, seed: 1).span.bytes, to: &references)
            try writer.finish()
        }
        #expect(try test.engine.chunkList().count == 2)
        #expect(try store.sweep { { _ in false } }.chunks == 2)
    }

    @Test func `a chunk is read from the engine once while it is at hand`() throws {
        let references = try write([noise(300_000, seed: 1)], pieces: 1 << 20)
        let digest = try #require(references.first?.first?.digest)
        for _ in 0..<3 { #expect(try store.chunk(digest).count == 16_384) }
        #expect(store.bytesRead == 16_384)
    }

    @Test func `tiny chunks at hand cost more than their bytes`() throws {
        let store = ChunkStore(engine: test.engine, cacheSize: 10_000)
        let digests = try (UInt8(0)..<100).map { number in
            _ = try write([[number]], pieces: 1)
            return SHA256.hash([number])
        }
        for _ in 0..<2 { for digest in digests { _ = try store.chunk(digest) } }
        #expect(store.counts.hits == 0)
    }

    @Test func `chunks asked for together come in their order, and one that is missing is an error`() throws {
        let value = noise(700_000, seed: 1)
        let digests = try #require(try write([value], pieces: 1 << 20).first).map(\.digest)
        for asked in [[], Array(digests.prefix(1)), digests, Array(digests.reversed())] {
            #expect(try store.chunks(asked).map { SHA256.hash(Array($0.unsafeBytes)) } == asked)
        }
        #expect(throws: StoreError.self) { try store.chunks(digests + [SHA256.hash([1])] + digests) }
    }
}

/// An engine whose puts fail from one on.
private final class FailingPuts: StorageEngine {
    private let engine: any StorageEngine
    /// Puts that still succeed.
    let countdown = Mutex(0)
    let directoryRows = DirectoryRows.exact
    let durability = Durability.eachCommit
    var unflushedBytes: UInt64 { engine.unflushedBytes }

    init(_ engine: any StorageEngine) { self.engine = engine }

    func put(_ bytes: RawSpan, digest: SHA256Digest, generation: UInt64) throws(StoreError) {
        let fails = countdown.withLock {
            $0 -= 1
            return $0 < 0
        }
        if fails { throw StoreError(.noSpace, "full") }
        try engine.put(bytes, digest: digest, generation: generation)
    }

    func checkSpace() throws(StoreError) { try engine.checkSpace() }
    func chunk(_ digest: SHA256Digest) throws(StoreError) -> Chunk { try engine.chunk(digest) }
    func commit(_ commits: [Commit]) throws(StoreError) { try engine.commit(commits) }
    func flush() throws(StoreError) { try engine.flush() }
    func row(_ family: RowFamily, _ key: [UInt8]) throws(StoreError) -> [UInt8]? { try engine.row(family, key) }
    func chunkLength(_ digest: SHA256Digest) throws(StoreError) -> UInt64? { try engine.chunkLength(digest) }
    func checkpoint(in folder: String) throws(StoreError) { try engine.checkpoint(in: folder) }
    func removeDamaged(_ digest: SHA256Digest) throws(StoreError) { try engine.removeDamaged(digest) }
    func removeRows(_ family: RowFamily, from: [UInt8], upTo: [UInt8]) throws(StoreError) {
        try engine.removeRows(family, from: from, upTo: upTo)
    }
    func scan(
        _ family: RowFamily, from: [UInt8], upTo: [UInt8]?, _ body: (RawSpan, RawSpan) throws -> Bool
    ) throws { try engine.scan(family, from: from, upTo: upTo, body) }
    func scanChunks(from first: SHA256Digest?, _ body: (SHA256Digest, UInt64?) throws -> Bool) throws {
        try engine.scanChunks(from: first, body)
    }
    func sweep(stampedBefore generation: UInt64, isReferenced: (SHA256Digest) -> Bool) throws -> SweepResult {
        try engine.sweep(stampedBefore: generation, isReferenced: isReferenced)
    }
    func estimatedRows(_ family: RowFamily) -> UInt64 { engine.estimatedRows(family) }
}
