import Foundation
import Hashing
import TestSupport
import Testing

@testable import ContentStore

/// What an engine that writes no log promises.
@Suite struct FlushTests {
    let test: EngineUnderTest

    init() throws { test = try EngineUnderTest(.rocksDBWithoutLog) }

    @Test func `after a crash there is what was flushed, and nothing of what came later`() throws {
        let first = try test.engine.put(noise(10_000, seed: 1))
        try test.engine.set([(.recipe, [1], [10]), (.index, [2], [20])])
        try test.engine.flush()
        try test.engine.put(noise(10_000, seed: 2))
        try test.engine.set([(.recipe, [3], [30])])
        let crashed = try crash()
        for factory in EngineFactory.all {
            let engine = try factory.open(crashed)
            #expect(try engine.bytes(first) == noise(10_000, seed: 1))
            #expect(try engine.chunkList().count == 1)
            #expect(try engine.row(.recipe, [1]) == [10])
            #expect(try engine.row(.index, [2]) == [20])
            #expect(try engine.row(.recipe, [3]) == nil)
        }
    }

    @Test(arguments: [1 << 20, 80 << 20])
    func `rows that fill the memory are never on the disk without the chunks that they name`(rowBytes: Int) throws {
        for number in UInt8(0)..<UInt8(max(2, (100 << 20) / rowBytes)) {
            let digest = try test.engine.put(noise(1000, seed: UInt64(number)))
            try test.engine.set([
                (.recipe, [number], digest.withUnsafeBytes { Array($0) }),
                (.header, [number], [UInt8](repeating: 7, count: rowBytes)),
            ])
        }
        let crashed = try crash()
        let engine = try EngineFactory.rocksDB.open(crashed)
        var found = 0
        try engine.scan(.recipe, from: [], upTo: nil) { (key, value) throws -> Bool in
            guard let digest = SHA256Digest(value) else { return false }
            let number = key.withUnsafeBytes { UInt64($0[0]) }
            #expect(try engine.bytes(digest) == noise(1000, seed: number))
            found += 1
            return true
        }
        #expect(found > 0)
    }

    @Test func `rows whose chunks cannot be synced are not on the disk when the database is closed`() throws {
        try test.engine.put(noise(10_000, seed: 1))
        try test.engine.set([(.recipe, [1], [10])])
        // A folder that is not there cannot be synced.
        let chunks = test.folder.appending("db.chunks")
        try FileManager.default.moveItem(atPath: chunks, toPath: chunks + ".away")
        #expect(throws: StoreError.self) { try test.engine.flush() }
        try test.reopen { _ in try FileManager.default.moveItem(atPath: chunks + ".away", toPath: chunks) }
        #expect(try test.engine.row(.recipe, [1]) == nil)
    }

    /// What a process that is killed now leaves.
    private func crash() throws -> String {
        let crashed = test.folder.appending("crashed")
        try FileManager.default.createDirectory(atPath: crashed, withIntermediateDirectories: false)
        for name in ["db", "db.chunks", "db.synced"] {
            try FileManager.default.copyItem(atPath: test.folder.appending(name), toPath: "\(crashed)/\(name)")
        }
        return crashed
    }

    @Test func `the mark gives the commit that a flush reached, not the last one`() throws {
        let database = test.folder.appending("db")
        try test.engine.set([(.recipe, [1], [10])])
        #expect(CommitMark.read(of: database) == 0)
        try test.engine.flush()
        #expect(CommitMark.read(of: database) == 1)
        try test.engine.set([(.recipe, [2], [20])])
        #expect(CommitMark.read(of: database) == 1)
    }

    @Test func `what waits for a flush is counted until it`() throws {
        let empty = test.engine.unflushedBytes
        try test.engine.put(noise(1 << 20, seed: 1))
        #expect(test.engine.unflushedBytes >= empty + 1 << 20)
        try test.engine.flush()
        #expect(test.engine.unflushedBytes < empty + 1 << 20)
    }

    @Test func `closing loses nothing`() throws {
        let digest = try test.engine.put(noise(10_000, seed: 1))
        try test.engine.set([(.recipe, [1], [10])])
        try test.reopen()
        #expect(try test.engine.bytes(digest) == noise(10_000, seed: 1))
        #expect(try test.engine.row(.recipe, [1]) == [10])
    }
}
