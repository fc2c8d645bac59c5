import ContentStore
import Hashing
import TestSupport
import Testing

@Suite struct IngestGenerationTests {
    private let test: EngineUnderTest
    private let store: ChunkStore

    init() throws {
        test = try EngineUnderTest(.rocksDB)
        store = ChunkStore(engine: test.engine)
    }

    @Test func `each ingest has a number above all before`() throws {
        let numbers = (0..<100).map { _ in store.beginIngest().number }
        #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test func `what a running ingest put is kept until it ends`() throws {
        let digest: SHA256Digest
        do {
            let generation = store.beginIngest()
            digest = try store.engine.put([1], generation: generation.number)
            // A later one that ends earlier changes nothing.
            try store.engine.put([1], generation: store.beginIngest().number)
            #expect(try store.sweep { { _ in false } }.chunks == 0)
            #expect(try store.chunk(digest).count == 1)
            withExtendedLifetime(generation) {}
        }
        #expect(try store.sweep { { $0 == digest } }.chunks == 0)
        #expect(try store.sweep { { _ in false } }.chunks == 1)
    }

    @Test func `an ingest that begins while a sweep looks for references is safe`() throws {
        let old = try store.engine.put([1], generation: 1)
        var generation: IngestGeneration?
        let result = try store.sweep {
            let begun = store.beginIngest()
            try store.engine.put([1], generation: begun.number)
            generation = begun
            return { _ in false }
        }
        #expect(result.chunks == 0)
        #expect(try store.engine.bytes(old) == [1])
        withExtendedLifetime(generation) {}
    }
}
