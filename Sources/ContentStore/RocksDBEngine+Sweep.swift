package import Hashing
import RocksDB
import Synchronization

extension RocksDBEngine {
    /// Arrival numbers in one bucket: the unit in which space is given back.
    private static let bucket: UInt64 = 256

    package func scanChunks(from first: SHA256Digest?, _ body: (SHA256Digest, UInt64?) throws -> Bool) throws {
        try scanChunkRows(from: first) { digest, row in try body(digest, row?.length) }
    }

    package func sweep(
        stampedBefore generation: UInt64, isReferenced: (SHA256Digest) -> Bool
    ) throws -> SweepResult {
        try sweeping.withLock { _ in
            var result = SweepResult()
            var buckets: [UInt64: (before: UInt64, removed: UInt64)] = [:]
            try scanChunkRows { digest, row in
                guard let row else { return true }
                buckets[row.arrival / Self.bucket, default: (0, 0)].before += 1
                guard row.stamp < generation, !isReferenced(digest) else { return true }
                guard try removeChunk(digest, stampedBefore: generation) else { return true }
                result.chunks += 1
                result.bytes &+= row.length
                buckets[row.arrival / Self.bucket, default: (0, 0)].removed += 1
                return true
            }
            // The write-ahead log keeps the bytes of all chunks until every family is in files.
            if result.chunks > 0 { try flush() }
            // Giving space back moves the live chunks beside the gap: it is done whenever a bucket has a quarter less, so
            // that a chunk is moved for at most four sweeps and at most a quarter of the space is lost.
            let quarter = Self.bucket / 4
            let emptied = buckets.filter { _, count in
                let left = count.before - count.removed
                return (left + quarter - 1) / quarter < (count.before + quarter - 1) / quarter
            }
            for range in Self.joined(emptied.keys.sorted()) {
                let lower = (range.lowerBound * Self.bucket).bigEndianBytes
                let upper = (range.upperBound * Self.bucket | (Self.bucket - 1)).bigEndianBytes
                do throws(RocksDBError) { try database.reclaim(bytes, from: lower, through: upper) } catch {
                    throw StoreError(error)
                }
            }
            return result
        }
    }

    /// Neighbours together: each range is one rewrite.
    private static func joined(_ buckets: [UInt64]) -> [ClosedRange<UInt64>] {
        var ranges: [ClosedRange<UInt64>] = []
        for bucket in buckets {
            if let last = ranges.last, bucket - last.upperBound == 1 {
                ranges[ranges.count - 1] = last.lowerBound...bucket
            } else {
                ranges.append(bucket...bucket)
            }
        }
        return ranges
    }

    private func removeChunk(_ digest: SHA256Digest, stampedBefore generation: UInt64) throws(StoreError) -> Bool {
        try stripe(digest).withLock { () throws(StoreError) in
            guard let row = try chunkRow(digest), row.stamp < generation else { return false }
            var batch = WriteBatch()
            batch.delete(digest.bytes, in: chunks)
            batch.delete(row.arrival.bigEndianBytes.span.bytes, in: bytes)
            try write(batch, synced: false)
            return true
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
