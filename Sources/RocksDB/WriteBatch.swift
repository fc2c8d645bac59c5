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
        key.withUnsafeBytes { key in
            value.withUnsafeBytes { value in
                rocksdb_writebatch_put_cf(
                    handle, family.handle, key.baseAddress?.assumingMemoryBound(to: CChar.self), key.count,
                    value.baseAddress?.assumingMemoryBound(to: CChar.self), value.count)
            }
        }
    }

    /// Removes the keys with `lower <= key < upper` (`rocksdb_writebatch_delete_range_cf`).
    package mutating func deleteRange(_ lower: RawSpan, _ upper: RawSpan, in family: ColumnFamily) {
        lower.withUnsafeBytes { lower in
            upper.withUnsafeBytes { upper in
                rocksdb_writebatch_delete_range_cf(
                    handle, family.handle, lower.baseAddress?.assumingMemoryBound(to: CChar.self), lower.count,
                    upper.baseAddress?.assumingMemoryBound(to: CChar.self), upper.count)
            }
        }
    }

    /// Removes a key; one that is not there is no error.
    package mutating func delete(_ key: RawSpan, in family: ColumnFamily) {
        key.withUnsafeBytes { key in
            rocksdb_writebatch_delete_cf(
                handle, family.handle, key.baseAddress?.assumingMemoryBound(to: CChar.self), key.count)
        }
    }
}
