package import Hashing
import RocksDB
import Synchronization

extension RocksDBEngine {
    package func scanChunks(from first: SHA256Digest?, _ body: (SHA256Digest, UInt64?) throws -> Bool) throws {
        try settle()
        try scanChunkRows(from: first) { digest, row in try body(digest, row?.length) }
    }

    package func sweep(
        stampedBefore generation: UInt64, isReferenced: (SHA256Digest) -> Bool
    ) throws -> SweepResult {
        try sweeping.withLock { _ in
            segments.finishCurrent()
            try settle()
            let finished = try finishedSegments()
            var result = SweepResult()
            var dead: [SHA256Digest] = []
            var use = SegmentUse()
            try scanChunkRows { digest, row in
                guard let row else {
                    use.isKnown = false
                    return true
                }
                if row.stamp < generation, !isReferenced(digest) {
                    dead.append(digest)
                } else {
                    use.add(row)
                }
                return true
            }
            for digest in dead { try removeChunk(digest, stampedBefore: generation, &use, &result) }
            // A row that a power loss brought back would stand for zeros: also one that an earlier sweep removed, which ended
            // at this flush. And on a full disk the log is room.
            try flush()
            try giveBack(finished, &use, &result)
            return result
        }
    }

    /// The segments of which each chunk has its row, and that get no more: in this order, for a chunk goes from being appended
    /// over waiting for its row to having one.
    private func finishedSegments() throws(StoreError) -> [UInt64] {
        let all = try segments.numbers()
        let unfinished = segments.unfinished
        let pending = Set(pending.all.values.map(\.place.segment))
        return all.filter { !unfinished.contains($0) && !pending.contains($0) }
    }

    /// Gives the space back of what no row names in segments that are finished.
    private func giveBack(_ finished: [UInt64], _ use: inout SegmentUse, _ result: inout SweepResult) throws {
        func taken() -> UInt64 { finished.reduce(0) { $0 + (segments.extent($1)?.taken ?? 0) } }
        let before = taken()
        // Where a row cannot be read, nobody knows what it needs.
        if use.isKnown {
            // The last one keeps its number from being given again: a backup knows files by their names.
            let last = try segments.numbers().last
            for segment in finished where use.live(in: segment) == 0 && segment != last {
                try segments.remove(segment)
            }
            let sparse = finished.filter {
                use.lost.contains($0) || (segments.extent($0)?.taken ?? 0) > use.most(in: $0)
            }
            for group in use.groups(of: sparse) {
                var rows: [UInt64: [ChunkRow]] = [:]
                for segment in group { rows[segment] = [] }
                try scanChunkRows { _, row in
                    if let row { rows[row.place.segment]?.append(row) }
                    return true
                }
                for (segment, rows) in rows {
                    guard let length = segments.extent(segment)?.length else { continue }
                    try segments.punch(SegmentUse.gaps(between: rows, length: length), in: segment)
                }
            }
        }
        let after = taken()
        let live = finished.reduce(0) { $0 + use.live(in: $1) }
        result.bytesFreed = before > after ? before - after : 0
        result.bytesHeld = after > live ? after - live : 0
    }

    /// Removes a chunk, unless it was stamped meanwhile.
    private func removeChunk(
        _ digest: SHA256Digest, stampedBefore generation: UInt64, _ use: inout SegmentUse, _ result: inout SweepResult
    ) throws(StoreError) {
        try stripe(digest).withLock { () throws(StoreError) in
            guard let row = try chunkRow(digest) else { return }
            guard row.stamp < generation else { return use.add(row) }
            var batch = WriteBatch()
            batch.delete(digest.bytes, in: chunks)
            try write(batch, synced: false)
            use.lost.insert(row.place.segment)
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
