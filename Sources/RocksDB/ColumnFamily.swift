/// A column family of an open ``Database``: `rocksdb_column_family_handle_t`.
///
/// Valid as long as its database; usable from any thread.
package final class ColumnFamily: @unchecked Sendable {
    /// The name it was opened under.
    package let name: String
    let handle: OpaquePointer

    init(name: String, handle: OpaquePointer) {
        self.name = name
        self.handle = handle
    }
}

/// How one column family stores its rows.
package struct ColumnFamilyOptions: Sendable {
    /// The family's name.
    package var name: String
    /// Bytes of a memtable before it is flushed.
    package var writeBufferSize = 16 << 20
    /// Bytes of an uncompressed data block.
    package var blockSize = 16 << 10
    /// Bytes of a table file: what one compaction rewrites at least.
    package var tableFileSize = 64 << 20
    /// Whether data blocks are compressed, and how.
    package var compression = Compression.lz4
    /// Bloom filter bits per key; 0 for none.
    package var bloomBitsPerKey = 0.0
    /// A compression RocksDB knows; the raw value is that of `rocksdb/c.h`.
    package enum Compression: Int32, Sendable {
        case none = 0
        case lz4 = 4
        case zstd = 7
    }

    /// Options with RocksDB's defaults but for what is set afterwards.
    package init(name: String) { self.name = name }
}
