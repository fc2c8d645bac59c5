import RocksDB

extension RocksDBEngine {
    /// More than all memtables take when each family has two full ones: with so much space beyond the reserve, nobody needs
    /// to ask what they hold.
    private static let mostUnflushed: UInt64 = 224 << 20

    package func checkSpace() throws(StoreError) {
        guard let space = Space(of: database.path), space.free < reserve + Self.mostUnflushed else { return }
        let needed = reserve + bytesInMemory
        guard space.free < needed else { return }
        throw StoreError(
            .noSpace,
            "only \(space.free >> 20) MiB are free where \(database.path) is, and \(needed >> 20) MiB are left to care"
                + " for what is stored: make room, or delete images and run dicomfs gc")
    }

    /// What is in memtables: it is in the write-ahead log already, if there is one, and a flush writes it once more.
    var bytesInMemory: UInt64 {
        ([chunks] + RowFamily.allCases.map { family($0) }).reduce(0) {
            $0 + (database.property("rocksdb.cur-size-all-mem-tables", of: $1) ?? 0)
        }
    }

    package var unflushedBytes: UInt64 { bytesInMemory + segments.unsyncedBytes }
}
