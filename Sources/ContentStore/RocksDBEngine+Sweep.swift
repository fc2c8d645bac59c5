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
            var buckets = ArrivalBuckets()
            try scanChunkRows { digest, row in
                guard let row else { return true }
                let isDead = row.stamp < generation && !isReferenced(digest)
                buckets.add(row.arrival, isRemoved: isDead)
                if isDead { dead.append(digest) }
                return true
            }
            result.bytesHeld = blobBytes("live-blob-file-garbage-size")
            let begun = try begunRanges()
            guard !dead.isEmpty || !begun.isEmpty else { return result }
            let before = blobBytes("total-blob-file-size") + unflushedBytes
            let ranges = ArrivalBuckets.joined(buckets.emptied.union(begun.joined()))
            try setBegunRanges(ranges)
            for digest in dead { try removeChunk(digest, stampedBefore: generation, &result) }
            // Removals reach the tables that they are about, which moves no bytes; then only those of a range are rewritten.
            database.compact(bytes, from: [], through: [UInt8](repeating: 0xFF, count: 8))
            for range in ranges {
                let first = range.lowerBound * ArrivalBuckets.size
                let last = range.upperBound * ArrivalBuckets.size + (ArrivalBuckets.size - 1)
                do throws(RocksDBError) {
                    try database.reclaim(bytes, from: first.bigEndianBytes, through: last.bigEndianBytes)
                } catch {
                    throw StoreError(error)
                }
            }
            try setBegunRanges([])
            // The write-ahead log keeps the bytes of all chunks until every family is in files.
            try flush()
            let after = blobBytes("total-blob-file-size")
            result.bytesFreed = before > after ? before - after : 0
            result.bytesHeld = blobBytes("live-blob-file-garbage-size")
            return result
        }
    }

    private func blobBytes(_ property: String) -> UInt64 { database.property("rocksdb.\(property)", of: bytes) ?? 0 }

    /// The key of the row, beside the number of the last commit, with the buckets whose space is being given back: what was
    /// killed at it is ended by the next sweep.
    static let begunKey = Array("sweep".utf8)

    private func begunRanges() throws(StoreError) -> [ClosedRange<UInt64>] {
        do {
            guard let value = try database.get(Self.begunKey.span.bytes, in: commitNumbers) else { return [] }
            return try stride(from: 0, to: value.bytes.byteCount, by: 16).compactMap { offset in
                let first = try UInt64(bigEndianBytes: value.bytes, at: offset)
                let last = try UInt64(bigEndianBytes: value.bytes, at: offset + 8)
                return first <= last && last - first < 1 << 32 ? first...last : nil
            }
        } catch let error as RocksDBError {
            throw StoreError(error)
        } catch {
            // Then some space stays taken.
            return []
        }
    }

    private func setBegunRanges(_ ranges: [ClosedRange<UInt64>]) throws(StoreError) {
        var batch = WriteBatch()
        if ranges.isEmpty {
            batch.delete(Self.begunKey.span.bytes, in: commitNumbers)
        } else {
            let value = ranges.flatMap { $0.lowerBound.bigEndianBytes + $0.upperBound.bigEndianBytes }
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
