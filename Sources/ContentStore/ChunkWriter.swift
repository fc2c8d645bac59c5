package import Hashing

/// Cuts a bulk value into chunks as its bytes arrive, and stores those the store does not have.
///
/// It holds one chunk in memory. Dropping it leaves only chunks that nothing refers to.
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

    private let store: ContentStore
    private let generation: IngestGeneration
    private var buffer: [UInt8] = []

    /// A writer for the values of one ingest.
    package init(store: ContentStore, generation: IngestGeneration) {
        self.store = store
        self.generation = generation
    }

    /// Takes bytes of the current value; chunks that become complete are stored and added to `references`.
    package mutating func append(_ bytes: RawSpan, to references: inout [Reference]) throws(StoreError) {
        var offset = 0
        while offset < bytes.byteCount {
            if buffer.capacity == 0 { buffer.reserveCapacity(ContentStore.chunkSize) }
            let count = min(bytes.byteCount - offset, ContentStore.chunkSize - buffer.count)
            bytes.extracting(offset..<offset + count).withUnsafeBytes { buffer.append(contentsOf: $0) }
            offset += count
            if buffer.count == ContentStore.chunkSize { references.append(try flush()) }
        }
    }

    /// Ends the current value: its last chunk is stored. The next byte begins another value.
    package mutating func endValue(to references: inout [Reference]) throws(StoreError) {
        if !buffer.isEmpty { references.append(try flush()) }
    }

    private mutating func flush() throws(StoreError) -> Reference {
        let digest = SHA256.hash(buffer)
        let length = buffer.count
        try store.engine.put(buffer.span.bytes, digest: digest, generation: generation.number)
        buffer.removeAll(keepingCapacity: true)
        return Reference(digest: digest, length: length)
    }
}
