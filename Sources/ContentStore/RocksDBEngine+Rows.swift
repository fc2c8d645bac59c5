import Hashing
import RocksDB
import Synchronization

extension RocksDBEngine {
    /// Without a log, the most bytes of rows in memory when a commit is added: so no memtable is full before a flush is asked
    /// for.
    private static let mostInMemory = 16 << 20
    /// Bytes of each memtable then.
    static let unloggedBufferSize = 64 << 20

    package func commit(_ commits: [Commit]) throws(StoreError) {
        guard !commits.isEmpty else { return durability == .eachCommit ? try settle() : () }
        var batch = WriteBatch()
        var bytes = 0
        for commit in commits {
            for change in commit.changes {
                let family = family(change.family)
                bytes += change.key.count + (change.value?.count ?? 0)
                if let value = change.value {
                    batch.put(change.key.span.bytes, value.span.bytes, in: family)
                } else {
                    batch.delete(change.key.span.bytes, in: family)
                }
            }
        }
        try lastCommit.withLock { last throws(StoreError) in
            // Without a log, chunks come to the disk and get their rows at the flush. RocksDB must not begin one before, by
            // itself: rows would be on the disk, and not the chunks that they name.
            let isLarge = bytes > Self.mostInMemory / 2
            if durability == .eachFlush, bytesInMemory > Self.mostInMemory { try flushHeld(committed: last) }
            let settled = durability == .eachCommit || isLarge ? try settlePending(&batch) : [:]
            let number = last + 1
            batch.put(Self.commitKey.span.bytes, number.bigEndianBytes.span.bytes, in: commitNumbers)
            try write(batch, synced: true)
            last = number
            pending.remove(settled)
            if durability == .eachCommit { mark.write(last) }
        }
    }

    /// Brings the bytes of chunks to the disk, and then their rows into a batch; which those are, to be forgotten when it is
    /// written. For the holder of ``lastCommit``.
    private func settlePending(_ batch: inout WriteBatch) throws(StoreError) -> [SHA256Digest: ChunkRow] {
        let rows = pending.all
        guard !rows.isEmpty else { return rows }
        try segments.sync()
        for (digest, row) in rows { batch.put(digest.bytes, row.encoded.span.bytes, in: chunks) }
        return rows
    }

    /// Gives all chunks that were put their rows, without a commit. On the disk when this returns, but for
    /// ``Durability/eachFlush``.
    func settle() throws(StoreError) {
        try lastCommit.withLock { _ throws(StoreError) in try settleHeld() }
    }

    private func settleHeld() throws(StoreError) {
        var batch = WriteBatch()
        let settled = try settlePending(&batch)
        guard !settled.isEmpty else { return }
        try write(batch, synced: true)
        pending.remove(settled)
    }

    package func flush() throws(StoreError) {
        // No commit meanwhile: its rows might reach the disk before its chunks.
        try lastCommit.withLock { committed throws(StoreError) in try flushHeld(committed: committed) }
    }

    private func flushHeld(committed: UInt64) throws(StoreError) {
        try settleHeld()
        do throws(RocksDBError) { try database.flush() } catch { throw StoreError(error) }
        if durability == .eachFlush { mark.write(committed) }
    }

    package func checkpoint(in folder: String) throws(StoreError) {
        let name = String(database.path.split(separator: "/").last ?? "db")
        let target = "\(folder)/\(name)"
        try sweeping.withLock { _ throws(StoreError) in
            let committed = lastCommit.withLock { $0 }
            do throws(RocksDBError) { try database.checkpoint(to: target) } catch { throw StoreError(error) }
            // After the rows that name them.
            try segments.link(into: Segments.folder(of: target))
            _ = try CommitMark(of: target, number: committed)
        }
    }

    package func row(_ name: RowFamily, _ key: [UInt8]) throws(StoreError) -> [UInt8]? {
        do throws(RocksDBError) {
            guard let value = try database.get(key.span.bytes, in: family(name)) else { return nil }
            return value.bytes.withUnsafeBytes { Array($0) }
        } catch {
            throw StoreError(error)
        }
    }

    package func removeRows(_ name: RowFamily, from: [UInt8], upTo: [UInt8]) throws(StoreError) {
        var batch = WriteBatch()
        batch.deleteRange(from.span.bytes, upTo.span.bytes, in: family(name))
        try write(batch, synced: false)
        try flush()
        database.compact(family(name), from: from, through: upTo)
    }

    package func scan(
        _ name: RowFamily, from: [UInt8], upTo: [UInt8]?, _ body: (RawSpan, RawSpan) throws -> Bool
    ) throws {
        do {
            var cursor = database.cursor(in: family(name), from: from, upTo: upTo)
            while try cursor.isValid(), try body(cursor.key, cursor.value) { cursor.next() }
        } catch let error as RocksDBError {
            throw StoreError(error)
        }
    }

    package func estimatedRows(_ name: RowFamily) -> UInt64 {
        database.property("rocksdb.estimate-num-keys", of: family(name)) ?? 0
    }
}
