import Dispatch
package import Hashing
import Synchronization

/// Chunks kept once by their SHA-256, over a ``StorageEngine``, with the recently read ones at hand.
///
/// Usable from any thread. It knows bytes and digests, and nothing of what they mean.
package final class ChunkStore: Sendable {
    /// The longest chunk: 256 KiB.
    package static let chunkSize = 1 << 18
    /// The lengths of a value's first chunks: 16 and 64 KiB. Who reads the beginning of a file only, as those do who look at
    /// headers, is read that much for by the kernel (mm/readahead.c), and no more is then read from the disk.
    package static let firstChunkSizes = [1 << 14, 1 << 16]

    /// The database beneath.
    package let engine: any StorageEngine
    private let cache: BoundedCache<SHA256Digest, Chunk>
    private let read = Atomic<UInt64>(0)
    private let running = Mutex(RunningIngests())

    /// A store over an engine.
    ///
    /// - Parameter cacheSize: bytes of recently read chunks to keep.
    package init(engine: any StorageEngine, cacheSize: Int = 32 << 20) {
        self.engine = engine
        // What keeping a chunk takes besides its bytes counts too: a peer can make millions of a few bytes.
        cache = BoundedCache(capacity: cacheSize) { $0.count + 512 }
    }

    /// A chunk's bytes. Readers of one chunk at one time share one read of the database.
    package func chunk(_ digest: SHA256Digest) throws(StoreError) -> Chunk {
        do {
            let chunk = try cache.value(digest) {
                let chunk = try engine.chunk(digest)
                read.wrappingAdd(UInt64(chunk.count), ordering: .relaxed)
                return chunk
            }
            guard let chunk else { preconditionFailure("the engine gives a chunk or throws") }
            return chunk
        } catch {
            throw error as? StoreError ?? StoreError(.io, "\(error)")
        }
    }

    /// A chunk's bytes for who will not want them again soon: not kept at hand, where they would take the place of others.
    package func chunkOnce(_ digest: SHA256Digest) throws(StoreError) -> Chunk {
        if let chunk = cache.valueAtHand(digest) { return chunk }
        let chunk = try engine.chunk(digest)
        read.wrappingAdd(UInt64(chunk.count), ordering: .relaxed)
        return chunk
    }

    /// Several chunks, read from the database at the same time: the disk then has something to do while the bytes of one are
    /// checked and copied.
    package func chunks(_ digests: [SHA256Digest]) throws(StoreError) -> [Chunk] {
        let results = Mutex([Result<Chunk, StoreError>?](repeating: nil, count: digests.count))
        @Sendable func read(_ place: Int) {
            let result = Result { () throws(StoreError) in try chunk(digests[place]) }
            results.withLock { $0[place] = result }
        }
        if digests.count > 1 {
            DispatchQueue.concurrentPerform(iterations: digests.count) { read($0) }
        } else if !digests.isEmpty {
            read(0)
        }
        var chunks: [Chunk] = []
        for case let result? in results.withLock({ $0 }) { chunks.append(try result.get()) }
        return chunks
    }

    /// Bytes read from the engine for ``chunk(_:)`` since the start.
    package var bytesRead: UInt64 { read.load(ordering: .relaxed) }

    /// How often ``chunk(_:)`` had the chunk at hand, and how often it was read from the engine.
    package var counts: (hits: Int, misses: Int) { cache.counts }

    /// Begins an ingest: what it stores or finds stored is safe from ``sweep(isReferenced:)`` until it is dropped.
    package func beginIngest() -> IngestGeneration {
        IngestGeneration(store: self, number: running.withLock { $0.begin() })
    }

    /// How many ingests have begun and not ended.
    var ingestsRunning: Int { running.withLock { $0.count } }

    func endIngest(_ number: UInt64) { running.withLock { $0.end(number) } }

    /// Removes the chunks that no running ingest wants and `isReferenced` denies.
    ///
    /// - Parameter reference: called once before the sweep; gives what answers whether a chunk is referenced. Ingests
    ///   that begin after the call began are safe whatever it answers.
    package func sweep(reference: () throws -> (SHA256Digest) -> Bool) throws -> SweepResult {
        let oldest = running.withLock { $0.oldestOrNow() }
        return try engine.sweep(stampedBefore: oldest, isReferenced: reference())
    }
}

/// An ingest's place in time, from its first byte to its commit. Dropping it ends it.
package final class IngestGeneration: Sendable {
    private let store: ChunkStore
    /// The stamp its chunks get: nanoseconds since 1970, unlike that of any other running ingest.
    package let number: UInt64

    init(store: ChunkStore, number: UInt64) {
        self.store = store
        self.number = number
    }

    deinit { store.endIngest(number) }
}

/// The ingests between their first byte and their commit.
struct RunningIngests {
    private var numbers: Set<UInt64> = []
    private var last: UInt64 = 0

    var count: Int { numbers.count }

    /// A number above all given before in this process.
    mutating func begin() -> UInt64 {
        last = max(last + 1, Clock.nanoseconds())
        numbers.insert(last)
        return last
    }

    mutating func end(_ number: UInt64) { numbers.remove(number) }

    /// The number of the oldest running ingest; one that no ingest has yet when none runs.
    mutating func oldestOrNow() -> UInt64 {
        if let oldest = numbers.min() { return oldest }
        last = max(last + 1, Clock.nanoseconds())
        return last
    }
}
