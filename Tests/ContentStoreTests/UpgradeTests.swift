import Foundation
import Hashing
import RocksDB
import TestSupport
import Testing

@testable import ContentStore

/// What format 1 had in the family `bytes` is moved into segments.
@Suite struct UpgradeTests {
    private let folder: TemporaryFolder
    private var path: String { folder.appending("db") }
    private let digests: [SHA256Digest]

    private static func bytes(_ number: Int) -> [UInt8] {
        UInt64(number).bigEndianBytes + [UInt8](repeating: 1, count: number % 100 == 0 ? 100_000 : 10)
    }

    /// A database as format 1 had it, with so many chunks that they are moved in two goes.
    init() throws {
        folder = try TemporaryFolder()
        let path = folder.appending("db")
        var options = DatabaseOptions()
        options.createIfMissing = true
        let database = try Self.open(path, options)
        let (chunks, bytes) = (try database.family("chunk"), try database.family("bytes"))
        digests = try (0..<12_000).map { number in
            let value = Self.bytes(number)
            let digest = SHA256.hash(value)
            var row = RecordWriter()
            row.number(1, number + 1)
            row.number(2, value.count)
            row.fixed(3, UInt64(number))
            let arrival = UInt64(number + 1).bigEndianBytes
            var batch = WriteBatch()
            batch.put(arrival.span.bytes, value.span.bytes, in: bytes)
            batch.put(digest.bytes, row.bytes.span.bytes, in: chunks)
            try database.write(batch, .logged)
            return digest
        }
        try database.flush()
    }

    private static func open(_ path: String, _ options: DatabaseOptions) throws -> Database {
        try Database.open(
            path: path, families: RocksDBEngine.families(options) + [ColumnFamilyOptions(name: "bytes")],
            options: options)
    }

    private func check(without missing: Set<Int> = []) throws {
        let engine = try RocksDBEngine(path: path, create: false)
        #expect(try engine.chunkList().count == digests.count - missing.count)
        for (number, digest) in digests.enumerated() where !missing.contains(number) {
            #expect(try engine.bytes(digest) == Self.bytes(number))
            #expect(try engine.chunkRow(digest)?.stamp == UInt64(number))
        }
        for number in missing { #expect(try engine.chunkRow(digests[number]) == nil) }
        // The family is gone: it would have to be opened.
        #expect(try engine.put([1, 2, 3]) == SHA256.hash([1, 2, 3]))
    }

    @Test func `all chunks are moved, with their stamps`() throws {
        var told: [[Int]] = []
        #expect(try upgrade { told.append([$0, $1]) } == [])
        #expect(told.first == [0, 0])
        #expect(told.last == [12_000, 12_000])
        try check()
    }

    /// What cannot be read. `progress` is called with zeros when it begins.
    private func upgrade(
        acceptsLoss: Bool = false, _ progress: (_ chunks: Int, _ total: Int) throws -> Void = { _, _ in }
    ) throws -> [String] {
        try RocksDBEngine.upgradeFromFormat1(
            path: path, acceptsLoss: acceptsLoss, begin: { try progress(0, 0) }, progress: progress)
    }

    private struct Stop: Error {}

    @Test func `an upgrade that was interrupted is done again, also one that was at its end`() throws {
        #expect(throws: Stop.self) { try upgrade { chunks, _ in if chunks > 0 { throw Stop() } } }
        for _ in 0..<2 { #expect(try upgrade() == []) }
        try check()
    }

    @Test func `nothing is changed before it is said that it begins`() throws {
        #expect(throws: Stop.self) { try upgrade { _, _ in throw Stop() } }
        let database = try Self.open(path, DatabaseOptions())
        guard let row = try database.get(digests[0].bytes, in: database.family("chunk")) else {
            Issue.record("the row is gone")
            return
        }
        let isNew = (try? ChunkRow(row.bytes)) != nil
        #expect(!isNew)
    }

    @Test func `chunks that cannot be read are named each time, and left out on request only`() throws {
        do {
            let database = try Self.open(path, DatabaseOptions())
            var batch = WriteBatch()
            batch.delete(UInt64(8).bigEndianBytes.span.bytes, in: try database.family("bytes"))
            let damaged: [UInt8] = [1, 2, 3]
            batch.put(digests[9].bytes, damaged.span.bytes, in: try database.family("chunk"))
            try database.write(batch, .synced)
        }
        let expected = [
            "chunk \(digests[7]) cannot be read: its bytes are not there",
            "chunk \(digests[9]) cannot be read: its row is damaged",
        ]
        for acceptsLoss in [false, false, true] {
            #expect(try upgrade(acceptsLoss: acceptsLoss).sorted() == expected.sorted())
        }
        #expect(try upgrade() == [])
        try check(without: [7, 9])
    }
}
