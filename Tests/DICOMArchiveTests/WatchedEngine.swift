import ContentStore
import Hashing
import Synchronization

/// The real engine, with a count of its writes, and failures and waits where a test wants them.
final class WatchedEngine: StorageEngine {
    private let engine: any StorageEngine
    private let state = Mutex(State())

    struct State {
        var writes = 0
        var commits: [Int] = []
        var failAt: Int?
        var beforeCommit: (@Sendable () -> Void)?
        var rowsRead = 0
        var openCursors = 0
    }

    init(_ engine: any StorageEngine) { self.engine = engine }

    /// Puts and commits since the last call of ``watch(failAt:beforeCommit:)``.
    var writes: Int { state.withLock { $0.writes } }
    /// Rows that were asked for or came past a cursor since then.
    var rowsRead: Int { state.withLock { $0.rowsRead } }
    /// Cursors that are open.
    var openCursors: Int { state.withLock { $0.openCursors } }
    /// How many commits each call of `commit` brought.
    var commits: [Int] { state.withLock { $0.commits } }

    /// Counts anew; fails the write with this number, from 0, and all that follow; calls what is to happen before commits.
    func watch(failAt: Int? = nil, beforeCommit: (@Sendable () -> Void)? = nil) {
        state.withLock { $0 = State(failAt: failAt, beforeCommit: beforeCommit) }
    }

    private func write() throws(StoreError) {
        let fails = state.withLock { state in
            state.writes += 1
            return state.failAt.map { state.writes > $0 } ?? false
        }
        if fails { throw StoreError(.io, "the disk is on fire") }
    }

    var directoryRows: DirectoryRows { engine.directoryRows }
    var durability: Durability { engine.durability }
    var unflushedBytes: UInt64 { engine.unflushedBytes }

    func flush() throws(StoreError) {
        try write()
        try engine.flush()
    }

    func put(_ bytes: RawSpan, digest: SHA256Digest, generation: UInt64) throws(StoreError) {
        try write()
        try engine.put(bytes, digest: digest, generation: generation)
    }

    func checkSpace() throws(StoreError) { try engine.checkSpace() }

    func chunk(_ digest: SHA256Digest) throws(StoreError) -> Chunk { try engine.chunk(digest) }

    func commit(_ commits: [Commit]) throws(StoreError) {
        state.withLock { $0.beforeCommit }?()
        try write()
        state.withLock { $0.commits.append(commits.count) }
        try engine.commit(commits)
    }

    func row(_ family: RowFamily, _ key: [UInt8]) throws(StoreError) -> [UInt8]? {
        state.withLock { $0.rowsRead += 1 }
        return try engine.row(family, key)
    }

    func chunkLength(_ digest: SHA256Digest) throws(StoreError) -> UInt64? { try engine.chunkLength(digest) }

    func checkpoint(in folder: String) throws(StoreError) { try engine.checkpoint(in: folder) }

    func removeDamaged(_ digest: SHA256Digest) throws(StoreError) { try engine.removeDamaged(digest) }

    func removeRows(_ family: RowFamily, from: [UInt8], upTo: [UInt8]) throws(StoreError) {
        try write()
        try engine.removeRows(family, from: from, upTo: upTo)
    }

    func scan(
        _ family: RowFamily, from: [UInt8], upTo: [UInt8]?, _ body: (RawSpan, RawSpan) throws -> Bool
    ) throws {
        state.withLock { $0.openCursors += 1 }
        defer { state.withLock { $0.openCursors -= 1 } }
        try engine.scan(family, from: from, upTo: upTo) { key, value in
            state.withLock { $0.rowsRead += 1 }
            return try body(key, value)
        }
    }

    func scanChunks(from first: SHA256Digest?, _ body: (SHA256Digest, UInt64?) throws -> Bool) throws {
        try engine.scanChunks(from: first, body)
    }

    func sweep(stampedBefore generation: UInt64, isReferenced: (SHA256Digest) -> Bool) throws -> SweepResult {
        try engine.sweep(stampedBefore: generation, isReferenced: isReferenced)
    }

    func estimatedRows(_ family: RowFamily) -> UInt64 { engine.estimatedRows(family) }
}
