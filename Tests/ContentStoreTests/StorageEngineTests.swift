import Hashing
import Synchronization
import TestSupport
import Testing
import Threads

@testable import ContentStore

/// What every engine promises: each clause of the comments of `StorageEngine`.
@Suite struct StorageEngineTests {
    // MARK: Chunks

    @Test(arguments: EngineFactory.all)
    func `a chunk is kept as it is, of any size`(factory: EngineFactory) throws {
        let test = try EngineUnderTest(factory)
        let all = [[], [7], noise(4095, seed: 1), noise(4096, seed: 2), noise(1 << 18, seed: 3)]
        let digests = try all.map { try test.engine.put($0) }
        for (bytes, digest) in zip(all, digests) { #expect(try test.engine.bytes(digest) == bytes) }
    }

    @Test(arguments: EngineFactory.all)
    func `a chunk put again is kept once`(factory: EngineFactory) throws {
        let test = try EngineUnderTest(factory)
        let bytes = noise(10_000, seed: 1)
        let digest = try test.engine.put(bytes, generation: 1)
        try test.engine.put(bytes, generation: 2)
        #expect(try test.engine.bytes(digest) == bytes)
        let list = try test.engine.chunkList()
        #expect(list.count == 1)
        #expect(list.first?.0 == digest)
        #expect(list.first?.1 == 10_000)
        let swept = try test.engine.sweep(stampedBefore: 3) { _ in false }
        #expect(swept.chunks == 1)
        #expect(swept.bytes == 10_000)
    }

    @Test(arguments: EngineFactory.all)
    func `a chunk that is not there is damage that names it`(factory: EngineFactory) throws {
        let test = try EngineUnderTest(factory)
        let digest = SHA256.hash([1])
        let error = #expect(throws: StoreError.self) { try test.engine.bytes(digest) }
        #expect(error?.code == .damaged)
        #expect(error?.description.contains("\(digest)") == true)
    }

    @Test(arguments: EngineFactory.all, EngineFactory.Damage.allCases)
    func `a damaged chunk is named, and whole again when it comes again`(
        factory: EngineFactory, damage: EngineFactory.Damage
    ) throws {
        let test = try EngineUnderTest(factory)
        let bytes = noise(10_000, seed: 1)
        let other = try test.engine.put([1, 2, 3])
        // Another file.
        try test.reopen()
        let digest = try test.engine.put(bytes)
        try test.damage(digest, damage)
        let error = #expect(throws: StoreError.self) { try test.engine.bytes(digest) }
        #expect(error?.code == .damaged)
        #expect(error?.description.contains("\(digest)") == true)
        #expect(try test.engine.bytes(other) == [1, 2, 3])
        #expect(try test.engine.chunkList().count == 2)
        let hasLength = damage != .noteUnreadable
        #expect(try test.engine.chunkList().contains { $0 == digest && ($1 == 10_000) == hasLength })

        try test.engine.put(bytes, generation: 2)
        #expect(try test.engine.bytes(digest) == bytes)
        #expect(try test.engine.chunkList().contains { $0 == digest && $1 == 10_000 })
    }

    @Test(arguments: EngineFactory.all)
    func `chunks are listed by digest, from one on, until told to stop`(factory: EngineFactory) throws {
        let test = try EngineUnderTest(factory)
        let digests = try (UInt8(0)..<20).map { try test.engine.put([UInt8](repeating: $0, count: Int($0))) }.sorted()
        #expect(try test.engine.chunkList().map(\.0) == digests)
        var some: [SHA256Digest] = []
        try test.engine.scanChunks(from: digests[5]) { digest, _ in
            some.append(digest)
            return some.count < 3
        }
        #expect(some == Array(digests[5..<8]))
        #expect(throws: Stop.self) { try test.engine.scanChunks { _, _ in throw Stop() } }
    }

    // MARK: Rows

    @Test(arguments: EngineFactory.all)
    func `a row is what was committed last, and none when removed`(factory: EngineFactory) throws {
        let test = try EngineUnderTest(factory)
        #expect(try test.engine.row(.index, [1]) == nil)
        try test.engine.set([(.index, [1], [1]), (.index, [1], [2]), (.index, [2], [3]), (.index, [2], nil)])
        #expect(try test.engine.row(.index, [1]) == [2])
        #expect(try test.engine.row(.index, [2]) == nil)
        try test.engine.set([(.index, [1], nil), (.index, [1], [])])
        #expect(try test.engine.row(.index, [1]) == [])
        try test.engine.set([(.index, [9], nil)])
    }

    @Test(arguments: EngineFactory.all)
    func `families are apart`(factory: EngineFactory) throws {
        let test = try EngineUnderTest(factory)
        try test.engine.set([(.index, [1], [1]), (.recipe, [1], [2]), (.header, [1], [3])])
        #expect(try RowFamily.allCases.map { try test.engine.row($0, [1]) } == [[2], [3], [1]])
        try test.engine.set([(.recipe, [1], nil)])
        #expect(try RowFamily.allCases.map { try test.engine.row($0, [1]) } == [nil, [3], [1]])
    }

    @Test(arguments: EngineFactory.all)
    func `the commits of one call happen in their order`(factory: EngineFactory) throws {
        let test = try EngineUnderTest(factory)
        let changes: [[UInt8]?] = [[1], nil, [2]]
        try test.engine.commit(changes.map { Commit(partition: [], changes: [RowChange(.index, [1], $0)]) })
        #expect(try test.engine.row(.index, [1]) == [2])
    }

    @Test(arguments: EngineFactory.all)
    func `a reader never sees half a commit`(factory: EngineFactory) throws {
        let test = try EngineUnderTest(factory)
        let engine = test.engine
        try engine.set((UInt8(0)..<50).map { (.index, [$0], [0]) })
        let done = Gate()
        let failure = Mutex<(any Error)?>(nil)
        Thread.start {
            do {
                for round in UInt8(1)..<100 { try engine.set((UInt8(0)..<50).map { (.index, [$0], [round]) }) }
            } catch { failure.withLock { $0 = error } }
            done.open()
        }
        repeat {
            // In one order by single reads: a later row is never older than an earlier one read before it.
            let first = try engine.row(.index, [0])?.first ?? 0
            let last = try engine.row(.index, [49])?.first ?? 0
            #expect(last >= first)
        } while !done.wait(milliseconds: 0)
        #expect(failure.withLock { $0 } == nil)
        #expect(try engine.row(.index, [49]) == [99])
    }

    @Test(arguments: EngineFactory.all)
    func `a scan goes in key order within its bounds, until told to stop`(factory: EngineFactory) throws {
        let test = try EngineUnderTest(factory)
        for key in [[9], [1], [1, 0], [255], [2], [1, 255]] as [[UInt8]] { try test.engine.set([(.index, key, key)]) }
        func keys(_ from: [UInt8], _ upTo: [UInt8]?) throws -> [[UInt8]] {
            try test.engine.rows(.index, from: from, upTo: upTo).map { Array($0[..<($0.firstIndex(of: 0xEE) ?? 0)]) }
        }
        #expect(try keys([], nil) == [[1], [1, 0], [1, 255], [2], [9], [255]])
        #expect(try keys([1, 0], [2]) == [[1, 0], [1, 255]])
        #expect(try keys([3], [9]) == [])
        #expect(try keys([9], [255]) == [[9]])
        var count = 0
        try test.engine.scan(.index, from: [], upTo: nil) { _, _ in
            count += 1
            return count < 2
        }
        #expect(count == 2)
        #expect(throws: Stop.self) { try test.engine.scan(.index, from: [], upTo: nil) { _, _ in throw Stop() } }
    }

    @Test(arguments: EngineFactory.all)
    func `rows, and the chunks put before them, are there after a reopen`(factory: EngineFactory) throws {
        let test = try EngineUnderTest(factory)
        let digest = try test.engine.put(noise(300_000, seed: 1))
        try test.engine.set([(.recipe, [1], [1]), (.index, [2], noise(9000, seed: 2))])
        try test.engine.set([(.recipe, [1], nil), (.header, [3], [3])])
        try test.reopen()
        #expect(try test.engine.bytes(digest) == noise(300_000, seed: 1))
        #expect(try test.engine.row(.recipe, [1]) == nil)
        #expect(try test.engine.row(.index, [2]) == noise(9000, seed: 2))
        #expect(try test.engine.row(.header, [3]) == [3])
        // New chunks do not take the place of old ones.
        let next = try test.engine.put([4])
        #expect(try test.engine.bytes(next) == [4])
        #expect(try test.engine.bytes(digest) == noise(300_000, seed: 1))
    }

    @Test(arguments: EngineFactory.all)
    func `the number of rows is estimated`(factory: EngineFactory) throws {
        let test = try EngineUnderTest(factory)
        try test.engine.set((0..<200).map { (.recipe, [UInt8($0)], [1]) })
        #expect((190...210).contains(test.engine.estimatedRows(.recipe)))
        #expect(test.engine.estimatedRows(.header) == 0)
    }
}

private struct Stop: Error {}
