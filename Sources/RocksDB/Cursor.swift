import CRocksDB

/// A walk over a key range in key order, on the state the database had when it was made: `rocksdb_iterator_t`.
///
/// Used from one thread. Its key and value are valid until it moves.
package struct Cursor: ~Copyable {
    private let database: Database
    private let options: OpaquePointer?
    private let iterator: OpaquePointer?
    private let bounds: UnsafeMutableRawBufferPointer

    init(database: Database, family: ColumnFamily, lower: [UInt8], upper: [UInt8]?) {
        self.database = database
        options = rocksdb_readoptions_create()
        rocksdb_readoptions_set_verify_checksums(options, 1)
        // RocksDB keeps pointers to the bounds, so they live as long as the cursor.
        bounds = .allocate(byteCount: lower.count + (upper?.count ?? 0) + 1, alignment: 1)
        bounds.copyBytes(from: lower + (upper ?? []))
        let start = bounds.baseAddress?.assumingMemoryBound(to: CChar.self)
        rocksdb_readoptions_set_iterate_lower_bound(options, start, lower.count)
        if let upper {
            rocksdb_readoptions_set_iterate_upper_bound(options, start?.advanced(by: lower.count), upper.count)
        }
        iterator = rocksdb_create_iterator_cf(database.handle, options, family.handle)
        rocksdb_iter_seek(iterator, start, lower.count)
    }

    deinit {
        rocksdb_iter_destroy(iterator)
        rocksdb_readoptions_destroy(options)
        bounds.deallocate()
    }

    /// Whether it stands on a row. At the end of the range false; throws when reading failed.
    package func isValid() throws(RocksDBError) -> Bool {
        if rocksdb_iter_valid(iterator) != 0 { return true }
        try check("read a range of \(database.path)") { error in rocksdb_iter_get_error(iterator, error) }
        return false
    }

    /// Moves to the next row.
    package mutating func next() { rocksdb_iter_next(iterator) }

    /// The key it stands on.
    package var key: RawSpan {
        @_lifetime(borrow self)
        borrowing get {
            var count = 0
            let start = rocksdb_iter_key(iterator, &count)
            return _overrideLifetime(span(start, count), borrowing: self)
        }
    }

    /// The value of the row it stands on.
    package var value: RawSpan {
        @_lifetime(borrow self)
        borrowing get {
            var count = 0
            let start = rocksdb_iter_value(iterator, &count)
            return _overrideLifetime(span(start, count), borrowing: self)
        }
    }

    @_lifetime(immortal)
    private func span(_ start: UnsafePointer<CChar>?, _ count: Int) -> RawSpan {
        let bytes = UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count)
        return _overrideLifetime(bytes.bytes, borrowing: ())
    }
}
