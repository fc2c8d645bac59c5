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
            var dead: [(arrival: UInt64, digest: SHA256Digest)] = []
            var buckets: [UInt64: (before: UInt64, removed: UInt64)] = [:]
            try scanChunkRows { digest, row in
                guard let row else { return true }
                buckets[row.arrival / Self.bucket, default: (0, 0)].before += 1
                guard row.stamp < generation, !isReferenced(digest) else { return true }
                dead.append((row.arrival, digest))
                buckets[row.arrival / Self.bucket, default: (0, 0)].removed += 1
                return true
            }
            result.bytesHeld = blobBytes("live-blob-file-garbage-size")
            guard !dead.isEmpty else { return result }
            let before = blobBytes("total-blob-file-size") + unflushedBytes
            // Giving space back moves the live chunks beside the gap: it is done whenever a bucket has a quarter less, so
            // that a chunk is moved for at most four sweeps and at most a quarter of the space is lost.
            let quarter = Self.bucket / 4
            let emptied = buckets.filter { _, count in
                let left = count.before - count.removed
                return (left + quarter - 1) / quarter < (count.before + quarter - 1) / quarter
            }
            dead.sort { $0.arrival < $1.arrival }
            // Removals of earlier sweeps reach the tables that they are about: else a range would be all between them.
            database.compact(bytes, from: [], through: [UInt8](repeating: 0xFF, count: 8))
            var rest = dead[...]
            for range in Self.joined(emptied.keys.sorted()) {
                let first = range.lowerBound * Self.bucket
                let last = range.upperBound * Self.bucket | (Self.bucket - 1)
                let others = rest.prefix { $0.arrival < first }
                try remove(others, stampedBefore: generation, &result)
                rest = rest.dropFirst(others.count)
                let within = rest.prefix { $0.arrival <= last }
                rest = rest.dropFirst(within.count)
                try removeTogether(within, stampedBefore: generation, &result)
                do throws(RocksDBError) {
                    try database.reclaim(bytes, from: first.bigEndianBytes, through: last.bigEndianBytes)
                } catch {
                    throw StoreError(error)
                }
            }
            try remove(rest, stampedBefore: generation, &result)
            // The write-ahead log keeps the bytes of all chunks until every family is in files.
            try flush()
            let after = blobBytes("total-blob-file-size")
            result.bytesFreed = before > after ? before - after : 0
            result.bytesHeld = blobBytes("live-blob-file-garbage-size")
            return result
        }
    }

    private func remove(
        _ dead: ArraySlice<(arrival: UInt64, digest: SHA256Digest)>, stampedBefore generation: UInt64,
        _ result: inout SweepResult
    ) throws(StoreError) {
        for (_, digest) in dead {
            try stripe(digest).withLock { () throws(StoreError) in
                try removeChunk(digest, stampedBefore: generation, &result)
            }
        }
    }

    /// Removes chunks that arrived one after another, in a table of their own: one with chunks that arrive now would make
    /// the range of keys that is rewritten reach to them.
    private func removeTogether(
        _ dead: ArraySlice<(arrival: UInt64, digest: SHA256Digest)>, stampedBefore generation: UInt64,
        _ result: inout SweepResult
    ) throws(StoreError) {
        try withAllStripes { () throws(StoreError) in
            try flushChunks()
            for (_, digest) in dead { try removeChunk(digest, stampedBefore: generation, &result) }
            try flushChunks()
        }
    }

    private func blobBytes(_ property: String) -> UInt64 { database.property("rocksdb.\(property)", of: bytes) ?? 0 }

    private func flushChunks() throws(StoreError) {
        do throws(RocksDBError) { try database.flush(bytes) } catch { throw StoreError(error) }
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

    /// Removes a chunk under its stripe's lock, unless it was stamped meanwhile.
    private func removeChunk(
        _ digest: SHA256Digest, stampedBefore generation: UInt64, _ result: inout SweepResult
    ) throws(StoreError) {
        guard let row = try chunkRow(digest), row.stamp < generation else { return }
        var batch = WriteBatch()
        batch.delete(digest.bytes, in: chunks)
        batch.delete(row.arrival.bigEndianBytes.span.bytes, in: bytes)
        try write(batch, synced: false)
        result.chunks += 1
        result.bytes &+= row.length
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
