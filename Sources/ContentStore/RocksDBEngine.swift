package import Hashing
import RocksDB
import Synchronization

/// The embedded engine: one RocksDB database in a folder, with the bytes of chunks in ``Segments`` beside it, opened by one
/// process.
///
/// Families: `chunk` (SHA-256 -> ``ChunkRow``), one for each ``RowFamily``, and `default` with the number of the last commit.
/// Bytes are in files of their own, since a log and a table would write them twice.
package final class RocksDBEngine: StorageEngine {
    package let directoryRows = DirectoryRows.exact
    package let durability: Durability

    let database: Database
    let chunks: ColumnFamily
    private let rows: [RowFamily: ColumnFamily]
    let segments: Segments
    let pending = PendingChunks()
    /// One lock for each 1/64 of the digests: makes "look, then put" and "look, then delete" of a chunk one step.
    private let stripes = (0..<64).map { _ in Stripe() }
    /// Chunks that could not be read: stored anew when they come again.
    private let damaged = Mutex<Set<SHA256Digest>>([])
    let sweeping = Mutex(())
    /// The family with the number of the last commit.
    let commitNumbers: ColumnFamily
    /// One commit at a time, so that numbers are in the order of the log.
    let lastCommit: Mutex<UInt64>
    let mark: CommitMark
    /// Whether the open left out an end of the write-ahead log that a power loss had damaged: nothing that was
    /// acknowledged.
    package let isLogEndDropped: Bool
    /// The numbers of the commits that were acknowledged and are lost; nil when none is. The last one is the greatest number
    /// there is when it is not known.
    package let lostCommits: ClosedRange<UInt64>?
    let reserve: UInt64
    /// The most rows that wait for a commit: bounds their memory.
    private static let mostPending = 4096

    /// Opens the database in `path`.
    ///
    /// - Parameters:
    ///   - create: whether a missing database is made.
    ///   - reserve: bytes of the file system that are left free besides what a flush writes; nil for 512 MiB, but no more
    ///     than an eighth of it.
    ///   - openFiles: files of the database that are open at a time, and half as many of chunks.
    ///   - durability: with ``Durability/eachFlush`` nothing is logged, and a flush of one family is one of all.
    ///   - acceptsLoss: whether it is opened though acknowledged commits are missing or damaged: with what comes before
    ///     them.
    package init(
        path: String, create: Bool, reserve: UInt64? = nil, openFiles: Int32 = DatabaseOptions().maxOpenFiles,
        durability: Durability = .eachCommit, acceptsLoss: Bool = false
    ) throws(StoreError) {
        self.durability = durability
        self.reserve = reserve ?? Space(of: path).map { min(512 << 20, $0.total / 8) } ?? 0
        var options = DatabaseOptions()
        options.createIfMissing = create
        options.maxOpenFiles = openFiles
        options.flushesTogether = durability == .eachFlush
        let opened = try Self.open(
            path: path, options, families: Self.families(options), acceptsLoss: acceptsLoss)
        database = opened.database
        isLogEndDropped = opened.isEndDropped
        lostCommits = opened.lost.map { opened.commit + 1...$0 }
        do throws(RocksDBError) {
            chunks = try database.family("chunk")
            commitNumbers = try database.family("default")
            var rows: [RowFamily: ColumnFamily] = [:]
            for family in RowFamily.allCases { rows[family] = try database.family(family.rawValue) }
            self.rows = rows
        } catch {
            throw Self.damaged(path, error)
        }
        segments = try Segments(Segments.folder(of: path), create: create, openFiles: Int(openFiles) / 2)
        mark = try CommitMark(of: path, number: opened.commit)
        lastCommit = Mutex(opened.commit)
    }

    deinit { if durability == .eachCommit { try? settle() } else { try? flush() } }

    static func families(_ options: DatabaseOptions) -> [ColumnFamilyOptions] {
        var chunk = ColumnFamilyOptions(name: "chunk")
        chunk.bloomBitsPerKey = 10
        var header = ColumnFamilyOptions(name: RowFamily.header.rawValue)
        header.compression = .zstd
        header.blockSize = 64 << 10
        var recipe = ColumnFamilyOptions(name: RowFamily.recipe.rawValue)
        recipe.bloomBitsPerKey = 10
        var index = ColumnFamilyOptions(name: RowFamily.index.rawValue)
        index.bloomBitsPerKey = 10
        let all = [chunk, header, recipe, index]
        guard options.flushesTogether else { return all }
        return all.map { family in
            var family = family
            family.writeBufferSize = unloggedBufferSize
            return family
        }
    }

    func family(_ family: RowFamily) -> ColumnFamily {
        guard let found = rows[family] else { preconditionFailure("every family is opened in init") }
        return found
    }

    // MARK: Chunks

    package func put(_ value: RawSpan, digest: SHA256Digest, generation: UInt64) throws(StoreError) {
        try checkSpace()
        try stripe(digest).withLock { () throws(StoreError) in
            let isDamaged = damaged.withLock { $0.contains(digest) }
            if !isDamaged, try stamp(digest, generation) { return }
            let place = try segments.append(value)
            defer { segments.release(place) }
            pending.add(
                digest,
                ChunkRow(
                    place: place, length: UInt64(value.byteCount), checksum: CRC32C.of(value), stamp: generation))
            if isDamaged { damaged.withLock { _ = $0.remove(digest) } }
        }
        if pending.count >= Self.mostPending { try settle() }
    }

    package func chunkLength(_ digest: SHA256Digest) throws(StoreError) -> UInt64? { try chunkRow(digest)?.length }

    package func removeDamaged(_ digest: SHA256Digest) throws(StoreError) {
        try stripe(digest).withLock { () throws(StoreError) in
            var batch = WriteBatch()
            batch.delete(digest.bytes, in: chunks)
            try write(batch, synced: true)
            pending.remove(digest)
            damaged.withLock { _ = $0.remove(digest) }
        }
    }

    package func chunk(_ digest: SHA256Digest) throws(StoreError) -> Chunk {
        do throws(StoreError) {
            let row = try chunkRow(digest)
            do throws(StoreError) { return try readChunk(digest, row) } catch {
                // One that was swept and stored anew meanwhile is elsewhere now.
                guard let now = try chunkRow(digest), now.place != row?.place else { throw error }
                return try readChunk(digest, now)
            }
        } catch {
            // Also what a bad sector holds: it is stored anew when it comes again.
            if error.code == .damaged || error.code == .io { damaged.withLock { _ = $0.insert(digest) } }
            throw error
        }
    }

    private func readChunk(_ digest: SHA256Digest, _ row: ChunkRow?) throws(StoreError) -> Chunk {
        guard let row else { throw StoreError(.damaged, "chunk \(digest) is missing; run dicomfs verify") }
        let segment: Segment
        do throws(StoreError) { segment = try segments.segment(row.place.segment) } catch {
            throw StoreError(error.code, "the bytes of chunk \(digest) cannot be read: \(error.description)")
        }
        let chunk = try segment.read(row.place.offset, length: Int(row.length), checksum: row.checksum)
        guard let chunk else { throw StoreError(.damaged, "chunk \(digest) is damaged; run dicomfs verify") }
        return chunk
    }

    /// The row of a chunk, also one that waits for a commit.
    func chunkRow(_ digest: SHA256Digest) throws(StoreError) -> ChunkRow? {
        if let row = pending[digest] { return row }
        do {
            guard let value = try database.get(digest.bytes, in: chunks) else { return nil }
            return try ChunkRow(value.bytes)
        } catch let error as RocksDBError {
            throw StoreError(error)
        } catch {
            throw StoreError(.damaged, "the row of chunk \(digest) is damaged; run dicomfs verify")
        }
    }

    /// Whether the chunk is stored; if so, its stamp is renewed.
    private func stamp(_ digest: SHA256Digest, _ generation: UInt64) throws(StoreError) -> Bool {
        if pending.stamp(digest, generation) { return true }
        guard var row = try chunkRow(digest) else { return false }
        if row.stamp >= generation { return true }
        row.stamp = generation
        var batch = WriteBatch()
        batch.put(digest.bytes, row.encoded.span.bytes, in: chunks)
        try write(batch, synced: false)
        return true
    }

    func write(_ batch: borrowing WriteBatch, synced: Bool) throws(StoreError) {
        let durability: Database.Durability =
            switch durability {
            case .eachCommit: synced ? .synced : .logged
            case .eachFlush: .unlogged
            }
        do throws(RocksDBError) { try database.write(batch, durability) } catch { throw StoreError(error) }
    }

    func stripe(_ digest: SHA256Digest) -> Stripe { stripes[Int(digest.bytes.unsafeLoad(as: UInt8.self)) & 63] }
}

/// A lock for a part of the digests.
final class Stripe: Sendable {
    private let mutex = Mutex(())

    func withLock<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
        try mutex.withLock { _ throws(StoreError) in try body() }
    }
}

extension StoreError {
    init(_ error: RocksDBError) {
        let code: Code =
            switch error.code {
            case .noSpace: .noSpace
            case .corruption: .damaged
            case .invalid: .unusable
            default: .io
            }
        self.init(code, error.description)
    }
}
