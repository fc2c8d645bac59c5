import Foundation
import Hashing
import RocksDB
import Synchronization
import TestSupport
import Testing
import Threads

@testable import ContentStore

/// What segments promise to those who link them and give their space back.
@Suite struct SegmentTests {
    @Test func `segments are linked when nobody writes to them any more`() throws {
        let folder = try TemporaryFolder()
        let segments = try Segments(folder.appending("chunks"), create: true, openFiles: 1)
        let late = try segments.append([1, 2, 3].span.bytes)
        segments.release(try segments.append([4].span.bytes))
        let isReleased = Atomic(false)
        Thread.start {
            usleep(50_000)
            isReleased.store(true, ordering: .sequentiallyConsistent)
            segments.release(late)
        }
        try segments.link(into: folder.appending("links"))
        let wasReleased = isReleased.load(ordering: .sequentiallyConsistent)
        #expect(wasReleased)
        let links = try FileManager.default.contentsOfDirectory(atPath: folder.appending("links"))
        #expect(links == [Segments.name(1)])
        #expect(try segments.append([5].span.bytes).segment == 2)
    }

    @Test func `a chunk that an interrupted sweep removed does not come back when its bytes are gone`() throws {
        let test = try EngineUnderTest(.rocksDB)
        let digest = try test.engine.put(noise(100_000, seed: 1))
        try test.engine.flush()
        try test.reopen()
        // As far as a sweep gets whose flush fails.
        let engine = try #require(test.engine as? RocksDBEngine)
        var batch = WriteBatch()
        batch.delete(digest.bytes, in: engine.chunks)
        try engine.write(batch, synced: false)
        #expect(try engine.sweep(stampedBefore: 2) { _ in true }.bytesFreed > 90_000)
        // A power loss now takes what was not synced.
        let crashed = test.folder.appending("crashed")
        try FileManager.default.createDirectory(atPath: crashed, withIntermediateDirectories: false)
        for name in ["db", "db.chunks"] {
            try FileManager.default.copyItem(atPath: test.folder.appending(name), toPath: "\(crashed)/\(name)")
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: crashed + "/db") where name.hasSuffix(".log") {
            truncate("\(crashed)/db/\(name)", 0)
        }
        #expect(try EngineFactory.rocksDB.open(crashed).chunkList().isEmpty)
    }
}
