package import Hashing
import RocksDB
import Synchronization

extension RocksDBEngine {
    package func scanChunks(from first: SHA256Digest?, _ body: (SHA256Digest, UInt64?) throws -> Bool) throws {
        try scanChunkRows(from: first) { digest, row in try body(digest, row?.length) }
    }

    package func sweep(
        stampedBefore generation: UInt64, isReferenced: (SHA256Digest) -> Bool
    ) throws -> SweepResult {
        try sweeping.withLock { _ in
            var result = SweepResult()
            var dead: [SHA256Digest] = []
            var use = SegmentUse()
            try scanChunkRows { digest, row in
                guard let row else { return true }
                let isDead = row.stamp < generation && !isReferenced(digest)
                use.add(row.arrival, length: row.length, isRemoved: isDead)
                if isDead { dead.append(digest) }
                return true
            }
            result.bytesHeld = blobBytes("live-blob-file-garbage-size")
            let begun = try begunSegments()
            guard !dead.isEmpty || !begun.isEmpty else { return result }
            let before = blobBytes("total-blob-file-size") + unflushedBytes
            let emptied = Set(use.emptied).union(begun).sorted()
            try setBegunSegments(emptied)
            var given: Set<UInt64> = []
            for digest in dead { try removeChunk(digest, stampedBefore: generation, &result) }
            // Removals reach the tables that they are about, which moves no bytes; then those tables alone are rewritten.
            database.compact(bytes, from: [], through: [UInt8](repeating: 0xFF, count: 8))
            // Those that need least space first: they make room for the others.
            for segment in emptied.sorted(by: { use.left(in: $0) < use.left(in: $1) }) {
                let left = use.left(in: segment)
                guard left == 0 || hasSpace(toMove: left) else { continue }
                given.insert(segment)
                let (first, last) = (Segments.first(of: segment), Segments.last(of: segment))
                do throws(RocksDBError) {
                    try database.reclaim(bytes, from: first.bigEndianBytes, through: last.bigEndianBytes)
                } catch {
                    throw StoreError(error)
                }
            }
            try setBegunSegments(emptied.filter { !given.contains($0) })
            // The write-ahead log keeps the bytes of all chunks until every family is in files.
            try flush()
            let after = blobBytes("total-blob-file-size")
            result.bytesFreed = before > after ? before - after : 0
            result.bytesHeld = blobBytes("live-blob-file-garbage-size")
            return result
        }
    }

    private func blobBytes(_ property: String) -> UInt64 { database.property("rocksdb.\(property)", of: bytes) ?? 0 }

    /// The key of the row, beside the number of the last commit, with the segments whose space is being given back: what was
    /// killed at it is ended by the next sweep.
    static let begunKey = Array("sweep".utf8)

    private func begunSegments() throws(StoreError) -> [UInt64] {
        do {
            guard let value = try database.get(Self.begunKey.span.bytes, in: commitNumbers) else { return [] }
            return try stride(from: 0, to: value.bytes.byteCount, by: 8).map {
                try UInt64(bigEndianBytes: value.bytes, at: $0) & (1 << 48 - 1)
            }
        } catch let error as RocksDBError {
            throw StoreError(error)
        } catch {
            // Then some space stays taken.
            return []
        }
    }

    private func setBegunSegments(_ segments: [UInt64]) throws(StoreError) {
        var batch = WriteBatch()
        if segments.isEmpty {
            batch.delete(Self.begunKey.span.bytes, in: commitNumbers)
        } else {
            let value = segments.flatMap(\.bigEndianBytes)
            batch.put(Self.begunKey.span.bytes, value.span.bytes, in: commitNumbers)
        }
        try write(batch, synced: false)
    }

    /// Removes a chunk, unless it was stamped meanwhile.
    private func removeChunk(
        _ digest: SHA256Digest, stampedBefore generation: UInt64, _ result: inout SweepResult
    ) throws(StoreError) {
        try stripe(digest).withLock { () throws(StoreError) in
            guard let row = try chunkRow(digest), row.stamp < generation else { return }
            var batch = WriteBatch()
            batch.delete(digest.bytes, in: chunks)
            batch.delete(row.arrival.bigEndianBytes.span.bytes, in: bytes)
            try write(batch, synced: false)
            result.chunks += 1
            result.bytes &+= row.length
        }
    }

    /// Calls `body` with every chunk's row, nil when it is damaged.
    private func scanChunkRows(
        from first: SHA256Digest? = nil, _ body: (SHA256Digest, ChunkRow?) throws -> Bool
    ) throws {
        do {
            var cursor = database.cursor(in: chunks, from: first?.withUnsafeBytes { Array($0) } ?? [], upTo: nil)
            while try cursor.isValid() {
                guard let digest = SHA256Digest(cursor.key) else {
                    throw StoreError(.damaged, "a chunk row has a key that is no digest")
                }
                guard try body(digest, try? ChunkRow(cursor.value)) else { return }
                cursor.next()
            }
        } catch let error as RocksDBError {
            throw StoreError(error)
        }
    }
}
