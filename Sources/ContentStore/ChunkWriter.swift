import Dispatch
import Glibc
package import Hashing
import Synchronization

/// Cuts a bulk value into chunks as its bytes arrive, and stores those the store does not have.
///
/// Bytes are hashed while they are hot; full chunks are stored on another thread while the next ones arrive, unless other
/// ingests keep the processors busy. It holds a few chunks in memory, whatever the value's length. Dropping it leaves only chunks that nothing refers to, and writes no
/// more.
package struct ChunkWriter: ~Copyable {
    /// A chunk of the value, in order.
    package struct Reference: Hashable, Sendable {
        /// Its SHA-256.
        package var digest: SHA256Digest
        /// Its bytes.
        package var length: Int

        /// The chunk with this digest and length.
        package init(digest: SHA256Digest, length: Int) {
            self.digest = digest
            self.length = length
        }
    }

    private let puts: ChunkPuts
    private var buffer: [UInt8] = []
    /// The chunks of the current value that are full.
    private var full = 0
    private var hasher = SHA256()

    /// A writer for the values of one ingest.
    package init(store: ChunkStore, generation: IngestGeneration) {
        puts = ChunkPuts(store: store, generation: generation)
    }

    deinit { puts.abandon() }

    /// Takes bytes of the current value; chunks that become complete are added to `references`.
    ///
    /// - Throws: why a chunk could not be stored, this one or an earlier one.
    package mutating func append(_ bytes: RawSpan, to references: inout [Reference]) throws(StoreError) {
        var offset = 0
        while offset < bytes.byteCount {
            let size = full < ChunkStore.firstChunkSizes.count ? ChunkStore.firstChunkSizes[full] : ChunkStore.chunkSize
            if buffer.capacity == 0 { buffer.reserveCapacity(size) }
            let count = min(bytes.byteCount - offset, size - buffer.count)
            let part = bytes.extracting(offset..<offset + count)
            hasher.update(part)
            part.withUnsafeBytes { buffer.append(contentsOf: $0) }
            offset += count
            if buffer.count == size {
                references.append(try flush())
                full += 1
            }
        }
    }

    /// Ends the current value with its last chunk. The next byte begins another value.
    package mutating func endValue(to references: inout [Reference]) throws(StoreError) {
        if !buffer.isEmpty { references.append(try flush()) }
        full = 0
    }

    /// Waits until all chunks are stored.
    package func finish() throws(StoreError) { try puts.wait() }

    private mutating func flush() throws(StoreError) -> Reference {
        var hasher = SHA256()
        swap(&hasher, &self.hasher)
        let reference = Reference(digest: hasher.finish(), length: buffer.count)
        var chunk: [UInt8] = []
        swap(&chunk, &buffer)
        try puts.put(chunk, digest: reference.digest)
        return reference
    }
}

/// The chunks of one ingest on their way to the engine, stored by a thread beside the one that receives, or by that.
private final class ChunkPuts: Sendable {
    /// The most chunks on the way: the receiver then waits for the disk.
    private static let depth = 4
    /// Bytes of a chunk that is not worth another thread.
    private static let small = 64 << 10
    private static let processors = sysconf(Int32(_SC_NPROCESSORS_ONLN))

    private let store: ChunkStore
    private let generation: IngestGeneration
    private let queue = DispatchQueue(label: "chunks")
    private let room = DispatchSemaphore(value: depth)
    private let failure = Mutex<StoreError?>(nil)

    init(store: ChunkStore, generation: IngestGeneration) {
        self.store = store
        self.generation = generation
    }

    func put(_ chunk: [UInt8], digest: SHA256Digest) throws(StoreError) {
        if let failure = failure.withLock({ $0 }) { throw failure }
        if chunk.count < Self.small || store.ingestsRunning >= Self.processors {
            return try store.engine.put(chunk.span.bytes, digest: digest, generation: generation.number)
        }
        room.wait()
        queue.async { [self] in
            defer { room.signal() }
            guard failure.withLock({ $0 == nil }) else { return }
            do throws(StoreError) {
                try store.engine.put(chunk.span.bytes, digest: digest, generation: generation.number)
            } catch {
                failure.withLock { $0 = error }
            }
        }
    }

    /// Stores nothing that is not stored yet.
    func abandon() {
        failure.withLock { $0 = $0 ?? StoreError(.io, "the ingest was given up") }
        queue.sync {}
    }

    func wait() throws(StoreError) {
        queue.sync {}
        if let failure = failure.withLock({ $0 }) { throw failure }
    }
}
