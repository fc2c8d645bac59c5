import ContentStore
import Foundation
import Glibc
import Synchronization

extension Archive {
    /// Calls `body` with a folder that holds the archive as of now in files that do not change, whatever is stored meanwhile:
    /// hard links as far as can be. The folder is gone afterwards. Not while a sweep runs, or another.
    package func withCheckpoint<Result>(_ body: (String) throws -> Result) throws -> Result {
        try beginCare(.backup)
        defer { endCare() }
        let path = folder.checkpoint
        removeCheckpoint()
        defer { removeCheckpoint() }
        guard mkdir(path, 0o700) == 0 else {
            throw ArchiveError(.io, "cannot make the folder \(path): \(String(cString: strerror(errno)))")
        }
        do { try store.engine.checkpoint(in: path) } catch { throw ArchiveError(error) }
        try FileManager.default.copyItem(atPath: folder.path + "/dicomfs-archive", toPath: path + "/dicomfs-archive")
        return try body(path)
    }

    /// What cannot be done twice, nor one beside the other: a sweep would give back what a checkpoint's files hold.
    enum Care: String {
        case backup = "a backup is being made"
        case sweep = "a dicomfs gc is running"
    }

    /// Begins such work.
    ///
    /// - Throws: ``ArchiveError/Code/inUse`` while other work of the kind is under way.
    func beginCare(_ wanted: Care) throws(ArchiveError) {
        let other = care.withLock { care -> Care? in
            if care == nil { care = wanted; return nil }
            return care
        }
        if let other {
            throw ArchiveError(.inUse, "\(other.rawValue) of the archive \(folder.path); wait for its end")
        }
    }

    func endCare() { care.withLock { $0 = nil } }

    /// Removes what a process has left that was killed: it keeps the space of what is deleted.
    func removeCheckpoint() {
        if access(folder.checkpoint, F_OK) == 0 { try? FileManager.default.removeItem(atPath: folder.checkpoint) }
    }
}
