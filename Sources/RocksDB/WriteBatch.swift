import CRocksDB

/// Changes that are applied together: `rocksdb_writebatch_t`.
package struct WriteBatch: ~Copyable {
    let handle: OpaquePointer

    /// An empty batch.
    package init() { handle = rocksdb_writebatch_create() }

    deinit { rocksdb_writebatch_destroy(handle) }

    /// How many changes it holds.
    package var count: Int { Int(rocksdb_writebatch_count(handle)) }

    /// Sets the value of a key. Both are copied.
    package mutating func put(_ key: RawSpan, _ value: RawSpan, in family: ColumnFamily) {
        key.withChars { key, keyLength in
            value.withChars { value, length in
                rocksdb_writebatch_put_cf(handle, family.handle, key, keyLength, value, length)
            }
        }
    }

    /// Removes the keys with `lower <= key < upper` (`rocksdb_writebatch_delete_range_cf`).
    package mutating func deleteRange(_ lower: RawSpan, _ upper: RawSpan, in family: ColumnFamily) {
        lower.withChars { lower, lowerLength in
            upper.withChars { upper, length in
                rocksdb_writebatch_delete_range_cf(handle, family.handle, lower, lowerLength, upper, length)
            }
        }
    }

    /// Removes a key; one that is not there is no error.
    package mutating func delete(_ key: RawSpan, in family: ColumnFamily) {
        key.withChars { rocksdb_writebatch_delete_cf(handle, family.handle, $0, $1) }
    }
}

extension RawSpan {
    /// The bytes as the C API takes them.
    func withChars<Result>(_ body: (UnsafePointer<CChar>?, Int) -> Result) -> Result {
        withUnsafeBytes { body($0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count) }
    }
}
