import RocksDB

extension RocksDBEngine {
    /// The key of the one row of the family `default`: the number of the last commit, written with each.
    static var commitKey: [UInt8] { Array("commit".utf8) }

    /// A database that was opened with all commits that were acknowledged.
    struct Opened {
        var database: Database
        /// The number of its last commit.
        var commit: UInt64
        /// Whether an end of the log was left out that RocksDB takes for damaged.
        var isEndDropped = false
        /// The number of the last commit that was acknowledged and is lost, if there is one; the greatest number when that
        /// is not known.
        var lost: UInt64?
    }

    /// Opens the database in `path`, so that no commit that was acknowledged is missing without a word.
    ///
    /// A power loss may leave holes in the end of the log that was never synced. RocksDB cannot tell such a hole from
    /// damage; the ``CommitMark`` can.
    static func open(
        path: String, _ options: DatabaseOptions, families: [ColumnFamilyOptions], acceptsLoss: Bool
    ) throws(StoreError) -> Opened {
        let acknowledged = CommitMark.read(of: path)
        var opened: Opened
        do throws(RocksDBError) {
            opened = try open(path: path, options, families, acknowledged: acceptsLoss ? 0 : acknowledged)
        } catch {
            throw damaged(path, error)
        }
        if acknowledged == nil, opened.isEndDropped { opened.lost = .max }
        if let acknowledged, opened.commit < acknowledged {
            guard acceptsLoss else {
                throw StoreError(
                    .damaged,
                    "the database \(path) ends with commit \(opened.commit), but commit \(acknowledged) was"
                        + " acknowledged; \(whatToDo)")
            }
            opened.lost = acknowledged
        }
        return opened
    }

    /// What a failure to open means.
    static func damaged(_ path: String, _ error: RocksDBError) -> StoreError {
        guard error.code == .corruption else { return StoreError(error) }
        return StoreError(.damaged, "the database \(path) is damaged (\(error.status)); \(whatToDo)")
    }

    private static let whatToDo =
        "restore it from a backup, or give up what is lost: dicomfs repair --accept-loss"

    private static func open(
        path: String, _ options: DatabaseOptions, _ families: [ColumnFamilyOptions], acknowledged: UInt64?
    ) throws(RocksDBError) -> Opened {
        var options = options
        do throws(RocksDBError) {
            return try open(path: path, options, families)
        } catch {
            guard error.code == .corruption, let acknowledged else { throw error }
            options.logRecovery = .pointInTime
            var look = options
            look.isReadOnly = true
            // A look changes nothing: what is refused can still be mended from outside.
            guard let reached = try? open(path: path, look, families).commit, reached >= acknowledged else {
                throw error
            }
            var opened = try open(path: path, options, families)
            opened.isEndDropped = true
            return opened
        }
    }

    private static func open(
        path: String, _ options: DatabaseOptions, _ families: [ColumnFamilyOptions]
    ) throws(RocksDBError) -> Opened {
        let database = try Database.open(path: path, families: families, options: options)
        guard let value = try database.get(commitKey.span.bytes, in: database.family("default")) else {
            return Opened(database: database, commit: 0)
        }
        guard let commit = try? UInt64(bigEndianBytes: value.bytes) else {
            throw RocksDBError(
                operation: "open the database \(path)", status: "Corruption: the last commit has no number")
        }
        return Opened(database: database, commit: commit)
    }
}
