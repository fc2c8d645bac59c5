package import Hashing
import RocksDB
import Synchronization

/// The embedded engine: one RocksDB database in a folder, opened by one process.
///
/// Families: `bytes` (arrival number -> chunk, in blob files), `chunk` (SHA-256 -> ``ChunkRow``), one for each
/// ``RowFamily``, and `default` with the number of the last commit. Chunks are keyed by arrival and not by digest, so that
/// space is reclaimed in ranges and an existence check never touches a blob.
package final class RocksDBEngine: StorageEngine {
    package let directoryRows = DirectoryRows.exact
    package let durability: Durability

    let database: Database
    let bytes: ColumnFamily
    let chunks: ColumnFamily
    private let rows: [RowFamily: ColumnFamily]
    private let segments: Segments
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

    /// Opens the database in `path`.
    ///
    /// - Parameters:
    ///   - create: whether a missing database is made.
    ///   - reserve: bytes of the file system that are left free besides what a flush writes; nil for 512 MiB, but no more
    ///     than an eighth of it.
    ///   - openFiles: files that are open at a time.
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
        let opened = try Self.open(path: path, options, acceptsLoss: acceptsLoss)
        database = opened.database
        isLogEndDropped = opened.isEndDropped
        lostCommits = opened.lost.map { opened.commit + 1...$0 }
        do throws(RocksDBError) {
            bytes = try database.family("bytes")
            chunks = try database.family("chunk")
            commitNumbers = try database.family("default")
            var rows: [RowFamily: ColumnFamily] = [:]
            for family in RowFamily.allCases { rows[family] = try database.family(family.rawValue) }
            self.rows = rows
            segments = Segments(after: try Self.lastArrival(database, bytes))
        } catch {
            throw Self.damaged(path, error)
        }
        mark = try CommitMark(of: path, number: opened.commit)
        lastCommit = Mutex(opened.commit)
    }

    /// The arrival number of the newest chunk; 0 when there is none.
    private static func lastArrival(_ database: Database, _ bytes: ColumnFamily) throws(RocksDBError) -> UInt64 {
        var last = database.cursor(in: bytes, from: [], upTo: nil)
        last.seekToLast()
        guard try last.isValid() else { return 0 }
        // Half of the numbers are never reached: a greater one was not made by counting.
        guard let arrival = try? UInt64(bigEndianBytes: last.key), arrival < 1 << 63 else {
            throw RocksDBError(
                operation: "open the database \(database.path)",
                status: "Corruption: a chunk's key is no arrival number")
        }
        return arrival
    }

    static var families: [ColumnFamilyOptions] {
        var bytes = ColumnFamilyOptions(name: "bytes")
        // Two of these are the most memory the daemon spends on chunks that are not in files yet. A segment is a little less,
        // and so makes one blob file.
        bytes.writeBufferSize = 48 << 20
        bytes.compression = .none
        // A table for each segment: giving the space of one back moves nothing of its neighbours.
        bytes.partitionPrefix = Segments.prefix
        bytes.blobFiles = true
        var chunk = ColumnFamilyOptions(name: "chunk")
        chunk.bloomBitsPerKey = 10
        var header = ColumnFamilyOptions(name: RowFamily.header.rawValue)
        header.compression = .zstd
        header.blockSize = 64 << 10
        var recipe = ColumnFamilyOptions(name: RowFamily.recipe.rawValue)
        recipe.bloomBitsPerKey = 10
        var index = ColumnFamilyOptions(name: RowFamily.index.rawValue)
        index.bloomBitsPerKey = 10
        return [bytes, chunk, header, recipe, index]
    }

    func family(_ family: RowFamily) -> ColumnFamily {
        guard let found = rows[family] else { preconditionFailure("every family is opened in init") }
        return found
    }

    // MARK: Chunks

    package func put(_ value: RawSpan, digest: SHA256Digest, generation: UInt64) throws(StoreError) {
        try checkSpace()
        if segments.isFull { try beginSegment() }
        try stripe(digest).withLock { () throws(StoreError) in
            let isDamaged = damaged.withLock { $0.contains(digest) }
            if !isDamaged, try stamp(digest, generation) { return }
            let arrival = segments.next(value.byteCount)
            let row = ChunkRow(arrival: arrival, length: UInt64(value.byteCount), stamp: generation)
            var batch = WriteBatch()
            if isDamaged, let old = try? chunkRow(digest) {
                batch.delete(old.arrival.bigEndianBytes.span.bytes, in: bytes)
            }
            batch.put(arrival.bigEndianBytes.span.bytes, value, in: bytes)
            batch.put(digest.bytes, row.encoded.span.bytes, in: chunks)
            try write(batch, synced: false)
            if isDamaged { damaged.withLock { _ = $0.remove(digest) } }
        }
    }

    /// Begins a segment, and a memtable with it, while nothing is put.
    private func beginSegment() throws(StoreError) {
        try withAllStripes { () throws(StoreError) in
            guard segments.isFull else { return }
            do throws(RocksDBError) { try database.beginFlush(bytes) } catch { throw StoreError(error) }
            segments.begin()
        }
    }

    private func withAllStripes(from first: Int = 0, _ body: () throws(StoreError) -> Void) throws(StoreError) {
        guard first < stripes.count else { return try body() }
        try stripes[first].withLock { () throws(StoreError) in try withAllStripes(from: first + 1, body) }
    }

    package func chunkLength(_ digest: SHA256Digest) throws(StoreError) -> UInt64? { try chunkRow(digest)?.length }

    package func removeDamaged(_ digest: SHA256Digest) throws(StoreError) {
        try stripe(digest).withLock { () throws(StoreError) in
            var batch = WriteBatch()
            if let row = try? chunkRow(digest) { batch.delete(row.arrival.bigEndianBytes.span.bytes, in: bytes) }
            batch.delete(digest.bytes, in: chunks)
            try write(batch, synced: true)
            damaged.withLock { _ = $0.remove(digest) }
        }
    }

    package func chunk(_ digest: SHA256Digest) throws(StoreError) -> Chunk {
        do throws(StoreError) {
            return try readChunk(digest)
        } catch {
            if error.code == .damaged { damaged.withLock { _ = $0.insert(digest) } }
            throw error
        }
    }

    private func readChunk(_ digest: SHA256Digest) throws(StoreError) -> Chunk {
        guard let row = try chunkRow(digest) else {
            throw StoreError(.damaged, "chunk \(digest) is missing; run dicomfs verify")
        }
        do throws(RocksDBError) {
            if let value = try database.get(row.arrival.bigEndianBytes.span.bytes, in: bytes) {
                let chunk = Chunk(value)
                if UInt64(chunk.count) == row.length { return chunk }
            }
        } catch {
            guard error.code == .corruption else { throw StoreError(error) }
            throw StoreError(.damaged, "chunk \(digest) is damaged (\(error.status)); run dicomfs verify")
        }
        throw StoreError(.damaged, "the bytes of chunk \(digest) are missing or cut short; run dicomfs verify")
    }

    func chunkRow(_ digest: SHA256Digest) throws(StoreError) -> ChunkRow? {
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
