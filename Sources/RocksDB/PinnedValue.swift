import CRocksDB

/// A value that stays in RocksDB's memory until this is dropped: `rocksdb_pinnableslice_t`.
package struct PinnedValue: ~Copyable, @unchecked Sendable {
    private let slice: OpaquePointer
    /// A pinned value refers into the database's memory: it keeps the database open.
    private let database: Database

    init(_ slice: OpaquePointer, of database: Database) {
        self.slice = slice
        self.database = database
    }

    deinit { rocksdb_pinnableslice_destroy(slice) }

    /// The value's bytes, valid as long as this value.
    package var bytes: RawSpan {
        @_lifetime(borrow self)
        borrowing get {
            _overrideLifetime(unsafeBytes.bytes, borrowing: self)
        }
    }

    private var unsafeBytes: UnsafeRawBufferPointer {
        var count = 0
        let start = rocksdb_pinnableslice_value(slice, &count)
        return UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count)
    }
}
