package import Hashing
import RocksDB

extension RocksDBEngine {
    /// Arrival numbers in one bucket of ``Reclaim``.
    private static let bucket: UInt64 = 256

    package func scanChunks(_ body: (SHA256Digest, UInt64) throws -> Bool) throws {
        try scanChunkRows { digest, row in try body(digest, row.length) }
    }

    package func sweep(
        stampedBefore generation: UInt64, isReferenced: (SHA256Digest) -> Bool
    ) throws -> SweepResult {
        var result = SweepResult()
        var removedInBucket: [UInt64: UInt64] = [:]
        try scanChunkRows { digest, row in
            guard row.stamp < generation, !isReferenced(digest) else { return true }
            guard try removeChunk(digest, stampedBefore: generation) else { return true }
            result.chunks += 1
            result.bytes += row.length
            removedInBucket[row.arrival / Self.bucket, default: 0] += 1
            return true
        }
        // Rewriting a range moves its live chunks, so only where at least a quarter went.
        for bucket in removedInBucket.filter({ $0.value >= Self.bucket / 4 }).keys.sorted() {
            let lower = (bucket * Self.bucket).bigEndianBytes
            let upper = ((bucket + 1) * Self.bucket).bigEndianBytes
            do { try database.reclaim(bytes, from: lower, upTo: upper) } catch { throw StoreError(error) }
        }
        return result
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

    private func scanChunkRows(_ body: (SHA256Digest, ChunkRow) throws -> Bool) throws {
        do {
            var cursor = database.cursor(in: chunks, from: [], upTo: nil)
            while try cursor.isValid() {
                guard let digest = SHA256Digest(cursor.key) else { throw RecordError() }
                guard try body(digest, ChunkRow(cursor.value)) else { return }
                cursor.next()
            }
        } catch let error as RocksDBError {
            throw StoreError(error)
        } catch is RecordError {
            throw StoreError(.damaged, "a chunk row is damaged; run dicomfs verify")
        }
    }
}
