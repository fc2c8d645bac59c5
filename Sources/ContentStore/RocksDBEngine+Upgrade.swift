import Hashing
import RocksDB

extension RocksDBEngine {
    /// Moves the bytes of all chunks from the family `bytes`, where format 1 had them in blob files, into segments. When it
    /// is interrupted it can be done again. Nothing else may have the database open.
    ///
    /// - Parameter progress: called now and then with the chunks that are done, and how many there are; what it throws ends
    ///   the work.
    /// - Returns: a sentence for each chunk that could not be read: it is gone.
    package static func upgradeFromFormat1(
        path: String, progress: (_ chunks: Int, _ total: Int) throws -> Void
    ) throws -> [String] {
        let options = DatabaseOptions()
        let database = try open(
            path: path, options, families: families(options) + [ColumnFamilyOptions(name: "bytes")], acceptsLoss: false
        ).database
        do {
            let work = try UpgradeOfFormat1(database, Segments(Segments.folder(of: path), create: true, openFiles: 1))
            return try work.run(progress)
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

    func run(_ progress: (_ chunks: Int, _ total: Int) throws -> Void) throws -> [String] {
        let total = try countWithSpace()
        var problems: [String] = []
        var done = 0
        var batch = WriteBatch()
        // What a sweep of format 1 had begun.
        batch.delete(Array("sweep".utf8).span.bytes, in: try database.family("default"))
        var cursor = database.cursor(in: chunks, from: [], upTo: nil)
        while try cursor.isValid() {
            if let old = try? Format1ChunkRow(cursor.value) {
                if let row = try move(old) {
                    batch.put(cursor.key, row.encoded.span.bytes, in: chunks)
                } else {
                    let digest = SHA256Digest(cursor.key).map { "\($0)" } ?? "with a damaged key"
                    problems.append("chunk \(digest) cannot be read and is left out; run dicomfs repair")
                    batch.delete(cursor.key, in: chunks)
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
        try database.drop(bytes)
        try progress(done, total)
        return problems
    }

    /// How many chunks there are; throws when there is no space to have them twice.
    private func countWithSpace() throws -> Int {
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
                + " \(database.path) is: make room, or back the archive up with the older dicomfs")
    }

    /// Appends the bytes of a chunk to the segments; its new row, or nil when they are damaged or missing.
    private func move(_ old: Format1ChunkRow) throws -> ChunkRow? {
        do {
            guard let found = try database.get(old.arrival.bigEndianBytes.span.bytes, in: bytes) else { return nil }
            guard UInt64(found.bytes.byteCount) == old.length else { return nil }
            let place = try segments.append(found.bytes)
            segments.release(place)
            return ChunkRow(place: place, length: old.length, checksum: CRC32C.of(found.bytes), stamp: old.stamp)
        } catch let error as RocksDBError where error.code == .corruption {
            return nil
        }
    }
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
