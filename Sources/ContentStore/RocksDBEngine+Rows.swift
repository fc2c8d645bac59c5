import RocksDB
import Synchronization

extension RocksDBEngine {
    package func commit(_ commits: [Commit]) throws(StoreError) {
        var batch = WriteBatch()
        for commit in commits {
            for change in commit.changes {
                let family = family(change.family)
                if let value = change.value {
                    batch.put(change.key.span.bytes, value.span.bytes, in: family)
                } else {
                    batch.delete(change.key.span.bytes, in: family)
                }
            }
        }
        try lastCommit.withLock { last throws(StoreError) in
            last += 1
            batch.put(Self.commitKey.span.bytes, last.bigEndianBytes.span.bytes, in: commitNumbers)
            try write(batch, synced: true)
            if durability == .eachCommit { mark.write(last) }
        }
    }

    package func flush() throws(StoreError) {
        let committed = lastCommit.withLock { $0 }
        do throws(RocksDBError) { try database.flush() } catch { throw StoreError(error) }
        if durability == .eachFlush { mark.write(committed) }
    }

    package func checkpoint(in folder: String) throws(StoreError) {
        let name = String(database.path.split(separator: "/").last ?? "db")
        let committed = lastCommit.withLock { $0 }
        do throws(RocksDBError) { try database.checkpoint(to: "\(folder)/\(name)") } catch { throw StoreError(error) }
        _ = try CommitMark(of: "\(folder)/\(name)", number: committed)
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
