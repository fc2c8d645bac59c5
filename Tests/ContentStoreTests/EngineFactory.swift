import Glibc
import Hashing
import RocksDB
import TestSupport
import Testing

@testable import ContentStore

/// An engine under test: how it is opened in a folder, again and again, and how what it keeps is damaged while closed.
struct EngineFactory: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let open: @Sendable (_ folder: String) throws -> any StorageEngine
    let damage: @Sendable (_ folder: String, SHA256Digest, Damage) throws -> Void

    enum Damage: CaseIterable {
        case segmentRemoved, bytesChanged, bytesCutShort, noteUnreadable
    }

    /// Every engine there is.
    static let all = [rocksDB, rocksDBWithoutLog]

    static let rocksDB = rocksDB("RocksDB", .eachCommit)
    static let rocksDBWithoutLog = rocksDB("RocksDB without a log", .eachFlush)

    private static func rocksDB(_ name: String, _ durability: Durability) -> EngineFactory {
        EngineFactory(
            testDescription: name,
            open: { try RocksDBEngine(path: $0 + "/db", create: true, durability: durability) },
            damage: damage)
    }

    private static func damage(_ folder: String, _ digest: SHA256Digest, _ damage: Damage) throws {
        // The engine's own handle, so that the families need not be repeated here.
        let engine = try RocksDBEngine(path: folder + "/db", create: false)
        guard let row = try engine.chunkRow(digest) else { return }
        let file = "\(engine.segments.folder)/\(Segments.name(row.place.segment))"
        switch damage {
        case .segmentRemoved: unlink(file)
        case .bytesCutShort: truncate(file, off_t(row.place.offset + row.length - 1))
        case .bytesChanged:
            let opened = Glibc.open(file, O_RDWR | O_CLOEXEC)
            defer { close(opened) }
            var byte: UInt8 = 0
            pread(opened, &byte, 1, off_t(row.place.offset))
            byte ^= 1
            pwrite(opened, &byte, 1, off_t(row.place.offset))
        case .noteUnreadable:
            let unreadable: [UInt8] = [0xFF, 0xFF]
            var batch = WriteBatch()
            batch.put(digest.bytes, unreadable.span.bytes, in: engine.chunks)
            try engine.write(batch, synced: true)
        }
    }
}

/// An engine in a folder of its own, which can be closed and opened again.
final class EngineUnderTest {
    let folder: TemporaryFolder
    let factory: EngineFactory
    private var opened: (any StorageEngine)?

    init(_ factory: EngineFactory) throws {
        folder = try TemporaryFolder()
        self.factory = factory
        opened = try factory.open(folder.path)
    }

    var engine: any StorageEngine {
        guard let opened else { preconditionFailure("open between the calls of reopen") }
        return opened
    }

    /// Closes the engine, does something to what it keeps, and opens it again.
    func reopen(after change: (String) throws -> Void = { _ in }) throws {
        opened = nil
        try change(folder.path)
        opened = try factory.open(folder.path)
    }

    func damage(_ digest: SHA256Digest, _ damage: EngineFactory.Damage) throws {
        try reopen { try factory.damage($0, digest, damage) }
    }
}

extension StorageEngine {
    /// Stores bytes as a chunk; their digest.
    @discardableResult
    func put(_ bytes: [UInt8], generation: UInt64 = 1) throws -> SHA256Digest {
        let digest = SHA256.hash(bytes)
        try put(bytes.span.bytes, digest: digest, generation: generation)
        return digest
    }

    func bytes(_ digest: SHA256Digest) throws -> [UInt8] {
        let chunk = try chunk(digest)
        return chunk.bytes.withUnsafeBytes { Array($0) }
    }

    func set(_ changes: [(RowFamily, [UInt8], [UInt8]?)]) throws {
        try commit([Commit(partition: [], changes: changes.map { RowChange($0, $1, $2) })])
    }

    func rows(_ family: RowFamily, from: [UInt8] = [], upTo: [UInt8]? = nil) throws -> [[UInt8]] {
        var rows: [[UInt8]] = []
        try scan(family, from: from, upTo: upTo) { key, value in
            rows.append(key.withUnsafeBytes { Array($0) } + [0xEE] + value.withUnsafeBytes { Array($0) })
            return true
        }
        return rows
    }

    func chunkList() throws -> [(SHA256Digest, UInt64?)] {
        var list: [(SHA256Digest, UInt64?)] = []
        try scanChunks {
            list.append(($0, $1))
            return true
        }
        return list
    }
}

/// Bytes that do not compress, the same for the same seed.
func noise(_ count: Int, seed: UInt64) -> [UInt8] {
    var generator = Seeded(seed)
    return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
}

/// Random numbers that a failure can be repeated with.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state &* 0x2545_F491_4F6C_DD1D
    }
}
