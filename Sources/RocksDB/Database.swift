import CRocksDB
import CRocksDBSupplement

/// An open RocksDB database: `rocksdb_t`, owned, closed when the last reference goes.
///
/// Every method may be called from any thread at any time.
package final class Database: @unchecked Sendable {
    /// The folder of the database.
    package let path: String
    let handle: OpaquePointer
    private let families: [ColumnFamily]
    private let flushesTogether: Bool
    private let readOptions = rocksdb_readoptions_create()
    private let syncedWrite = rocksdb_writeoptions_create()
    private let unsyncedWrite = rocksdb_writeoptions_create()
    private let unloggedWrite = rocksdb_writeoptions_create()

    init(path: String, handle: OpaquePointer, families: [ColumnFamily], flushesTogether: Bool) {
        self.flushesTogether = flushesTogether
        self.path = path
        self.handle = handle
        self.families = families
        rocksdb_readoptions_set_verify_checksums(readOptions, 1)
        rocksdb_writeoptions_set_sync(syncedWrite, 1)
        rocksdb_writeoptions_disable_WAL(unloggedWrite, 1)
    }

    deinit {
        for family in families { rocksdb_column_family_handle_destroy(family.handle) }
        rocksdb_close(handle)
        rocksdb_readoptions_destroy(readOptions)
        rocksdb_writeoptions_destroy(syncedWrite)
        rocksdb_writeoptions_destroy(unsyncedWrite)
        rocksdb_writeoptions_destroy(unloggedWrite)
    }

    /// The family opened under a name.
    package func family(_ name: String) throws(RocksDBError) -> ColumnFamily {
        guard let family = families.first(where: { $0.name == name }) else {
            throw RocksDBError(operation: "use the column family \(name) of \(path)", status: "not opened")
        }
        return family
    }

    /// The value of a key, pinned in RocksDB's memory without a copy; nil when there is none (`rocksdb_get_pinned_cf`).
    package func get(_ key: RawSpan, in family: ColumnFamily) throws(RocksDBError) -> PinnedValue? {
        let slice = try check("read from the column family \(family.name) of \(path)") { error in
            key.withUnsafeBytes { key in
                rocksdb_get_pinned_cf(
                    handle, readOptions, family.handle, key.baseAddress?.assumingMemoryBound(to: CChar.self),
                    key.count, error)
            }
        }
        guard let slice else { return nil }
        return PinnedValue(slice, of: self)
    }

    /// How far a write has got when ``write(_:_:)`` returns.
    package enum Durability: Sendable {
        /// In the write-ahead log and on disk, with every logged write before it.
        case synced
        /// In the write-ahead log, if the system does not crash.
        case logged
        /// In memory only, until ``flush()``: only in a database that flushes families together.
        case unlogged
    }

    /// Applies a batch atomically.
    ///
    /// After a write-ahead log could not be written (a full disk), 7.8.3 refuses all writes until the database is opened
    /// again; after a flush or compaction met a full disk, it goes on by itself within 5 s of space being there (both
    /// measured). So keep the disk from filling up.
    package func write(_ batch: borrowing WriteBatch, _ durability: Durability) throws(RocksDBError) {
        let options =
            switch durability {
            case .synced: syncedWrite
            case .logged: unsyncedWrite
            case .unlogged: unloggedWrite
            }
        try check("write to \(path)") { error in rocksdb_write(handle, options, batch.handle, error) }
    }

    /// Rows of a family with `lower <= key < upper`, in key order, as of now (`rocksdb_create_iterator_cf`).
    package func cursor(
        in family: ColumnFamily, from lower: [UInt8], upTo upper: [UInt8]?
    ) -> Cursor {
        Cursor(database: self, family: family, lower: lower, upper: upper)
    }

    /// Flushes the memtables of all families to files. What was written before is on disk on return; all of it or, after a
    /// crash, nothing since the last flush, where ``DatabaseOptions/flushesTogether``.
    package func flush() throws(RocksDBError) {
        let handles: [OpaquePointer?] = families.map(\.handle)
        try check("flush \(path)") { error in crocksdb_flush_cfs(handle, handles, handles.count, error) }
    }

    /// Brings rows with `lower <= key <= upper` to the last level: what was deleted among them goes
    /// (`rocksdb_compact_range_cf`, which reports nothing).
    package func compact(_ family: ColumnFamily, from lower: [UInt8], through upper: [UInt8]) {
        lower.span.bytes.withChars { lower, lowerLength in
            upper.span.bytes.withChars { upper, length in
                rocksdb_compact_range_cf(handle, family.handle, lower, lowerLength, upper, length)
            }
        }
    }

    /// Makes a folder with the database as of now, in hard links to files that never change and copies of the others; what is
    /// in memory is flushed before (`rocksdb_checkpoint_create`). The folder must not be there, the one above it must.
    package func checkpoint(to folder: String) throws(RocksDBError) {
        let checkpoint = try check("make a checkpoint of \(path)") { error in
            rocksdb_checkpoint_object_create(handle, error)
        }
        defer { rocksdb_checkpoint_object_destroy(checkpoint) }
        try check("make the checkpoint \(folder)") { error in rocksdb_checkpoint_create(checkpoint, folder, 0, error) }
    }

    /// Removes a family with all that is in it (`rocksdb_drop_column_family`): it is not used afterwards.
    package func drop(_ family: ColumnFamily) throws(RocksDBError) {
        try check("drop the family \(family.name) of \(path)") { error in
            rocksdb_drop_column_family(handle, family.handle, error)
        }
    }

    /// An integer property of a family such as `rocksdb.estimate-num-keys`; nil when RocksDB knows none of that name.
    package func property(_ name: String, of family: ColumnFamily) -> UInt64? {
        var value: UInt64 = 0
        return rocksdb_property_int_cf(handle, family.handle, name, &value) == 0 ? value : nil
    }
}
