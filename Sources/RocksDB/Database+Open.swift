import CRocksDB
import CRocksDBSupplement
import Glibc

/// How a database is opened.
package struct DatabaseOptions: Sendable {
    /// Bytes for cached blocks, indexes and filters of all families together. The RocksDB article says why so many.
    package var blockCacheSize = 32 << 20
    /// Open table files; each holds a descriptor.
    package var maxOpenFiles: Int32 = 512
    /// Bytes of write-ahead log before the families that hold it back are flushed.
    package var maxTotalWALSize: UInt64 = 256 << 20
    /// Threads for flush and compaction.
    package var backgroundJobs: Int32 = 2
    /// Whether a flush of one family is one of all, atomic (`atomic_flush`): what writes without a log needs it.
    package var flushesTogether = false
    /// Whether a missing database is created.
    package var createIfMissing = false
    /// Whether it is only looked at: nothing but RocksDB's own LOG is written, also when another process has it open.
    package var isReadOnly = false
    /// What becomes of damage in the write-ahead log.
    package var logRecovery = LogRecovery.tornEnd

    /// How the write-ahead log is read when a database is opened: `wal_recovery_mode`.
    package enum LogRecovery: Sendable {
        /// A torn last record is dropped; damage before it fails the open.
        case tornEnd
        /// What comes before the first damage is all there is.
        case pointInTime

        var mode: Int32 {
            switch self {
            case .tornEnd: Int32(rocksdb_tolerate_corrupted_tail_records_recovery)
            case .pointInTime: Int32(rocksdb_point_in_time_recovery)
            }
        }
    }

    /// The defaults.
    package init() {}
}

extension Database {
    /// Opens the database in a folder with exactly these column families, and `default`.
    ///
    /// The write-ahead log may end in a torn record (what a crash leaves); damage before that fails the open, instead
    /// of silently opening an earlier state, unless ``DatabaseOptions/logRecovery`` asks for that.
    package static func open(
        path: String, families: [ColumnFamilyOptions], options: DatabaseOptions
    ) throws(RocksDBError) -> Database {
        let cache = rocksdb_cache_create_lru(options.blockCacheSize)
        defer { rocksdb_cache_destroy(cache) }
        if options.createIfMissing { mkdir(path, 0o700) }
        let databaseOptions = try makeOptions(options, directIO: !options.isReadOnly && takesDirectIO(path))
        defer { rocksdb_options_destroy(databaseOptions) }

        let all = [ColumnFamilyOptions(name: "default")] + families
        let familyOptions = all.map { makeFamilyOptions($0, cache: cache) }
        defer { for each in familyOptions { rocksdb_options_destroy(each) } }
        var handles = [OpaquePointer?](repeating: nil, count: all.count)
        let names = all.map { UnsafePointer(strdup($0.name)) }
        defer { for name in names { free(UnsafeMutablePointer(mutating: name)) } }

        let handle = try check("open the database \(path)") { error in
            if options.isReadOnly {
                rocksdb_open_for_read_only_column_families(
                    databaseOptions, path, Int32(all.count), names, familyOptions, &handles, 0, error)
            } else {
                rocksdb_open_column_families(
                    databaseOptions, path, Int32(all.count), names, familyOptions, &handles, error)
            }
        }
        guard let handle else { throw RocksDBError(operation: "open the database \(path)", status: "no handle") }
        let opened = zip(all, handles).compactMap { options, handle in
            handle.map { ColumnFamily(name: options.name, handle: $0) }
        }
        return Database(path: path, handle: handle, families: opened, flushesTogether: options.flushesTogether)
    }

    private static func makeOptions(
        _ options: DatabaseOptions, directIO: Bool
    ) throws(RocksDBError) -> OpaquePointer? {
        let defaults = rocksdb_options_create()
        defer { rocksdb_options_destroy(defaults) }
        let made = rocksdb_options_create()
        // A log takes the space that is written and not 70 MiB at once, which a flush at that moment may need. And what was
        // written without a log is on the disk by a flush that was asked for, or not at all.
        let more = options.flushesTogether ? ";avoid_flush_during_shutdown=true" : ""
        try check("set the options of a database") { error in
            rocksdb_get_options_from_string(defaults, "allow_fallocate=false" + more, made, error)
        }
        rocksdb_options_set_create_if_missing(made, options.createIfMissing ? 1 : 0)
        rocksdb_options_set_create_missing_column_families(made, 1)
        rocksdb_options_set_max_open_files(made, options.maxOpenFiles)
        rocksdb_options_set_max_background_jobs(made, options.backgroundJobs)
        rocksdb_options_set_max_total_wal_size(made, options.maxTotalWALSize)
        rocksdb_options_set_atomic_flush(made, options.flushesTogether ? 1 : 0)
        rocksdb_options_set_wal_recovery_mode(made, options.logRecovery.mode)
        // Written pages go to disk as they come, not in one burst that holds up the next commit's sync.
        rocksdb_options_set_bytes_per_sync(made, 1 << 20)
        rocksdb_options_set_wal_bytes_per_sync(made, 1 << 17)
        rocksdb_options_set_use_direct_io_for_flush_and_compaction(made, directIO ? 1 : 0)
        rocksdb_options_set_keep_log_file_num(made, 4)
        rocksdb_options_set_max_log_file_size(made, 4 << 20)
        rocksdb_options_set_info_log_level(made, 2)  // warnings and errors
        return made
    }

    /// Whether files of the folder can be opened past the page cache (O_DIRECT): some file systems refuse it, and every
    /// flush would then fail.
    private static func takesDirectIO(_ path: String) -> Bool {
        // O_DIRECT of open(2), which Glibc does not show: a GNU extension.
        #if arch(arm64)
            let direct: Int32 = 0o200000
        #else
            let direct: Int32 = 0o40000
        #endif
        let probe = path + "/direct-io-probe"
        let file = Glibc.open(probe, O_WRONLY | O_CREAT | direct | O_CLOEXEC, 0o600)
        unlink(probe)
        if file >= 0 { close(file) }
        return file >= 0
    }

    private static func makeFamilyOptions(_ family: ColumnFamilyOptions, cache: OpaquePointer?) -> OpaquePointer? {
        let made = rocksdb_options_create()
        rocksdb_options_set_write_buffer_size(made, family.writeBufferSize)
        rocksdb_options_set_max_write_buffer_number(made, 2)
        rocksdb_options_set_compression(made, family.compression.rawValue)
        rocksdb_options_set_target_file_size_base(made, UInt64(family.tableFileSize))
        rocksdb_options_set_level_compaction_dynamic_level_bytes(made, 1)
        let table = rocksdb_block_based_options_create()
        rocksdb_block_based_options_set_block_cache(table, cache)
        rocksdb_block_based_options_set_cache_index_and_filter_blocks(table, 1)
        rocksdb_block_based_options_set_cache_index_and_filter_blocks_with_high_priority(table, 1)
        rocksdb_block_based_options_set_block_size(table, family.blockSize)
        rocksdb_block_based_options_set_format_version(table, 5)
        if family.bloomBitsPerKey > 0 {
            rocksdb_block_based_options_set_filter_policy(
                table, rocksdb_filterpolicy_create_bloom_full(family.bloomBitsPerKey))
            // In pieces of 4 KiB: the filter of a whole file reaches 1 MiB, more than a shard of the cache holds, and was
            // then read anew by each get. When 1,000,000 patients were stored, that was 70 % of the time.
            rocksdb_block_based_options_set_partition_filters(table, 1)
            rocksdb_block_based_options_set_index_type(
                table, Int32(rocksdb_block_based_table_index_type_two_level_index_search))
        }
        rocksdb_options_set_block_based_table_factory(made, table)
        rocksdb_block_based_options_destroy(table)
        return made
    }
}
