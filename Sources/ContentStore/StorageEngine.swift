package import Hashing

/// What keeps the archive's bytes and rows: the one protocol between the archive and a database.
///
/// Every method may be called from any thread and blocks until done. Chunks are content-addressed and immutable; rows
/// belong to families and are ordered by key. An engine must give no more than this, so that a distributed store can be
/// one (RocksDB is the embedded engine).
package protocol StorageEngine: AnyObject, Sendable {
    /// Whether directory rows are always exact, or hints that a look-up has to verify.
    var directoryRows: DirectoryRows { get }

    /// Stores a chunk unless it is there already, and keeps it from ``sweep(stampedBefore:isReferenced:)`` of
    /// generations up to this one. One that ``chunk(_:)`` has found damaged is stored anew. Not durable until the next
    /// ``commit(_:)`` returns.
    func put(_ bytes: RawSpan, digest: SHA256Digest, generation: UInt64) throws(StoreError)

    /// Throws ``StoreError/Code/noSpace`` when so little space is left that nothing should be taken any more; reading,
    /// removing and sweeping go on. ``put(_:digest:generation:)`` asks this itself; ask before commits that make the
    /// archive grow.
    func checkSpace() throws(StoreError)

    /// A stored chunk, without copying it where the engine can. Its bytes passed the engine's own checksum, or it throws
    /// ``StoreError/Code/damaged``.
    func chunk(_ digest: SHA256Digest) throws(StoreError) -> Chunk

    /// The length of a stored chunk, as it is noted: no byte of it is read; nil when it is not stored.
    func chunkLength(_ digest: SHA256Digest) throws(StoreError) -> UInt64?

    /// Removes a chunk that cannot be read, so that it is stored anew when it comes again.
    func removeDamaged(_ digest: SHA256Digest) throws(StoreError)

    /// Makes row changes durable: each ``Commit`` entirely or not at all, with every chunk put before. On disk when it
    /// returns or, with ``Durability/eachFlush``, when the next ``flush()`` does. The last of several changes of one key wins.
    /// Of no commits: the chunks alone.
    func commit(_ commits: [Commit]) throws(StoreError)

    /// When what is committed is on disk.
    var durability: Durability { get }

    /// Returns when all that was committed before the call is on disk in its final place, and nothing is kept twice.
    func flush() throws(StoreError)

    /// About how many bytes were put and committed that no flush has moved to their place yet.
    var unflushedBytes: UInt64 { get }

    /// Puts files into an empty folder of the same file system that hold all that was committed before the call, and that
    /// nothing changes later: as the folder of the archive holds the database.
    func checkpoint(in folder: String) throws(StoreError)

    /// The value of a row; nil when there is none.
    func row(_ family: RowFamily, _ key: [UInt8]) throws(StoreError) -> [UInt8]?

    /// Removes the rows `from <= key < upTo`, however many, and gives their space back. On disk at the next commit or flush;
    /// after a crash before that some may be left.
    func removeRows(_ family: RowFamily, from: [UInt8], upTo: [UInt8]) throws(StoreError)

    /// Calls `body` with the rows `from <= key < upTo` in key order until it returns false. Rows committed before the
    /// call are seen; those of later commits may be.
    func scan(
        _ family: RowFamily, from: [UInt8], upTo: [UInt8]?, _ body: (RawSpan, RawSpan) throws -> Bool
    ) throws

    /// Calls `body` with the digest and length of every stored chunk from a digest on (nil: all), in digest order, until it
    /// returns false. The length is nil when what the engine noted of the chunk is damaged.
    func scanChunks(from first: SHA256Digest?, _ body: (SHA256Digest, UInt64?) throws -> Bool) throws

    /// Removes the chunks that were last stamped with an earlier generation and that `isReferenced` denies, and gives
    /// their space back, if not all at once. What is damaged stays. One sweep at a time: another waits.
    func sweep(stampedBefore generation: UInt64, isReferenced: (SHA256Digest) -> Bool) throws -> SweepResult

    /// An estimate, within a few percent and without a scan, of the rows of a family.
    func estimatedRows(_ family: RowFamily) -> UInt64
}

extension StorageEngine {
    /// Calls `body` with the digest and length of every stored chunk.
    package func scanChunks(_ body: (SHA256Digest, UInt64?) throws -> Bool) throws {
        try scanChunks(from: nil, body)
    }
}

/// When what is committed to an engine is on disk.
package enum Durability: Sendable {
    /// When ``StorageEngine/commit(_:)`` returns.
    case eachCommit
    /// When ``StorageEngine/flush()`` returns: each byte is written once. After a crash there is what a flush had reached,
    /// each commit entirely or not at all.
    case eachFlush
}

/// What a listing of directory rows is worth.
package enum DirectoryRows: Sendable {
    /// Written in the same commit as what they list.
    case exact
    /// May be late: verified on LOOKUP.
    case hints
}

/// A family of rows.
package enum RowFamily: String, CaseIterable, Sendable {
    /// Recipes: the truth about each stored version.
    case recipe
    /// Headers: what is not bulk of each stored version.
    case header
    /// What is derived from the two.
    case index
}

/// One row set or, with no value, removed.
package struct RowChange: Sendable {
    /// The family of the row.
    package var family: RowFamily
    /// Its key.
    package var key: [UInt8]
    /// Its new value; nil removes the row.
    package var value: [UInt8]?

    /// A change of one row.
    package init(_ family: RowFamily, _ key: [UInt8], _ value: [UInt8]?) {
        self.family = family
        self.key = key
        self.value = value
    }
}

/// Row changes of one study, and of the directories above it, that happen together.
package struct Commit: Sendable {
    /// The study they belong to: where a distributed engine puts them.
    package var partition: [UInt8]
    /// The changes in order.
    package var changes: [RowChange]

    /// A commit of these changes.
    package init(partition: [UInt8], changes: [RowChange]) {
        self.partition = partition
        self.changes = changes
    }
}

/// What a sweep removed.
package struct SweepResult: Sendable {
    /// Chunks removed.
    package var chunks = 0
    /// Their bytes.
    package var bytes: UInt64 = 0
    /// By how many bytes less is on the disk.
    package var bytesFreed: UInt64 = 0
    /// Bytes of removed chunks, of earlier sweeps too, that are on the disk still.
    package var bytesHeld: UInt64 = 0

    /// Nothing removed.
    package init() {}
}
