import Foundation
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
        // What a process that is killed now leaves.
        let crashed = test.folder.appending("crashed")
        try FileManager.default.createDirectory(atPath: crashed, withIntermediateDirectories: false)
        for name in ["db", "db.synced"] {
            try FileManager.default.copyItem(atPath: test.folder.appending(name), toPath: "\(crashed)/\(name)")
        }
        for factory in EngineFactory.all {
            let engine = try factory.open(crashed)
            #expect(try engine.bytes(first) == noise(10_000, seed: 1))
            #expect(try engine.chunkList().count == 1)
            #expect(try engine.row(.recipe, [1]) == [10])
            #expect(try engine.row(.index, [2]) == [20])
            #expect(try engine.row(.recipe, [3]) == nil)
        }
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
