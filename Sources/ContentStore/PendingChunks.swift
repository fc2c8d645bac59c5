import Hashing
import Synchronization

/// The rows of chunks whose bytes may not be on the disk yet: they are written with the next commit, after a sync of the bytes.
/// So no row ever stands for bytes that a power loss took. Usable from any thread.
final class PendingChunks: Sendable {
    private let rows = Mutex<[SHA256Digest: ChunkRow]>([:])

    var count: Int { rows.withLock { $0.count } }

    /// All of them now.
    var all: [SHA256Digest: ChunkRow] { rows.withLock { $0 } }

    subscript(digest: SHA256Digest) -> ChunkRow? { rows.withLock { $0[digest] } }

    func add(_ digest: SHA256Digest, _ row: ChunkRow) { rows.withLock { $0[digest] = row } }

    func remove(_ digest: SHA256Digest) { rows.withLock { _ = $0.removeValue(forKey: digest) } }

    /// Renews the stamp of one that is among them; whether it is.
    func stamp(_ digest: SHA256Digest, _ generation: UInt64) -> Bool {
        rows.withLock { rows in
            guard let row = rows[digest] else { return false }
            rows[digest]?.stamp = max(row.stamp, generation)
            return true
        }
    }

    /// Forgets those that were written, but for what was stamped anew meanwhile.
    func remove(_ written: [SHA256Digest: ChunkRow]) {
        rows.withLock { rows in
            for (digest, row) in written where rows[digest] == row { rows[digest] = nil }
        }
    }
}
