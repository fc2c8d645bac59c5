import Hashing
import RocksDB

extension RocksDBEngine {
    /// Moves the bytes of all chunks from the family `bytes`, where format 1 had them in blob files, into segments. When it
    /// is interrupted it can be done again. Nothing else may have the database open.
    ///
    /// - Parameters:
    ///   - acceptsLoss: whether chunks that cannot be read are removed. Else they stay as they are, and so does the family.
    ///   - begin: called before the first change.
    ///   - progress: called now and then with the chunks that are done, and how many there are; what it throws ends the work.
    /// - Returns: a sentence for each chunk that cannot be read.
    package static func upgradeFromFormat1(
        path: String, acceptsLoss: Bool, begin: () throws -> Void,
        progress: (_ chunks: Int, _ total: Int) throws -> Void
    ) throws -> [String] {
        let options = DatabaseOptions()
        let database = try open(
            path: path, options, families: families(options) + [ColumnFamilyOptions(name: "bytes")], acceptsLoss: false
        ).database
        do {
            let work = try UpgradeOfFormat1(database, Segments(Segments.folder(of: path), create: true, openFiles: 1))
            let total = try work.countWithSpace()
            try begin()
            return try work.run(total, acceptsLoss, progress)
        } catch let error as RocksDBError {
            throw damaged(path, error)
        }
    }
}

private struct UpgradeOfFormat1 {
    private let database: Database
    private let segments: Segments
    private let chunks: ColumnFamily
    private let bytes: ColumnFamily

    init(_ database: Database, _ segments: Segments) throws(RocksDBError) {
        self.database = database
        self.segments = segments
        chunks = try database.family("chunk")
        bytes = try database.family("bytes")
    }

    func run(
        _ total: Int, _ acceptsLoss: Bool, _ progress: (_ chunks: Int, _ total: Int) throws -> Void
    ) throws -> [String] {
        var problems: [String] = []
        var done = 0
        var batch = WriteBatch()
        // What a sweep of format 1 had begun.
        batch.delete(Array("sweep".utf8).span.bytes, in: try database.family("default"))
        var cursor = database.cursor(in: chunks, from: [], upTo: nil)
        while try cursor.isValid() {
            // Not one that was moved before.
            if (try? ChunkRow(cursor.value)) == nil {
                do {
                    batch.put(cursor.key, try move(cursor.value).encoded.span.bytes, in: chunks)
                } catch let error as Unreadable {
                    let digest = SHA256Digest(cursor.key).map { "\($0)" } ?? "with a damaged key"
                    problems.append("chunk \(digest) cannot be read: \(error.reason)")
                    if acceptsLoss { batch.delete(cursor.key, in: chunks) }
                }
            }
            done += 1
            cursor.next()
            guard segments.unsyncedBytes > 64 << 20 || batch.count > 10_000 else { continue }
            try segments.sync()
            try database.write(batch, .synced)
            batch = WriteBatch()
            try progress(done, total)
        }
        try segments.sync()
        try database.write(batch, .synced)
        if problems.isEmpty || acceptsLoss { try database.drop(bytes) }
        try progress(done, total)
        return problems
    }

    /// How many chunks there are; throws when there is no space to have them twice.
    func countWithSpace() throws -> Int {
        var count = 0
        var needed: UInt64 = 0
        var cursor = database.cursor(in: chunks, from: [], upTo: nil)
        while try cursor.isValid() {
            needed &+= (try? Format1ChunkRow(cursor.value))?.length ?? 0
            count += 1
            cursor.next()
        }
        guard let space = Space(of: database.path), space.free < needed else { return count }
        throw StoreError(
            .noSpace,
            "\(needed >> 20) MiB of images are to be moved, and only \(space.free >> 20) MiB are free where"
                + " \(database.path) is: make room, and run dicomfs upgrade again")
    }

    /// Appends the bytes of a chunk to the segments; its new row.
    private func move(_ bytes: RawSpan) throws -> ChunkRow {
        guard let old = try? Format1ChunkRow(bytes) else { throw Unreadable(reason: "its row is damaged") }
        let found: PinnedValue?
        do { found = try database.get(old.arrival.bigEndianBytes.span.bytes, in: self.bytes) } catch {
            // Also where a file is missing or a sector is bad: the others can be moved.
            throw Unreadable(reason: error.description)
        }
        guard let found, UInt64(found.bytes.byteCount) == old.length else {
            throw Unreadable(reason: "its bytes are not there")
        }
        let place = try segments.append(found.bytes)
        segments.release(place)
        return ChunkRow(place: place, length: old.length, checksum: CRC32C.of(found.bytes), stamp: old.stamp)
    }
}

private struct Unreadable: Error {
    let reason: String
}

/// The row of a chunk as format 1 had it.
private struct Format1ChunkRow {
    var arrival: UInt64 = 0
    var length: UInt64 = 0
    var stamp: UInt64 = 0

    /// - Throws: also for a row of a later format.
    init(_ bytes: RawSpan) throws(RecordError) {
        var reader = RecordReader(bytes)
        while let field = try reader.next() {
            switch field {
            case 1: arrival = reader.number
            case 2: length = reader.number
            case 3: stamp = reader.number
            default: break
            }
        }
        guard arrival > 0 else { throw RecordError() }
    }
}
