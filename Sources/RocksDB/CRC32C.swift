import CRocksDBSupplement

/// The checksum that RocksDB uses, too (RFC 3720, appendix B.4).
package enum CRC32C {
    /// The checksum of bytes; 0 of none. Any thread.
    package static func of(_ bytes: RawSpan) -> UInt32 {
        bytes.withUnsafeBytes { crocksdb_crc32c_extend(0, $0.baseAddress, $0.count) }
    }
}
