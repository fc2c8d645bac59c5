import ContentStore
import Foundation
import Glibc
import Synchronization

extension Archive {
    /// Calls `body` with a folder that holds the archive as of now in files that do not change, whatever is stored meanwhile:
    /// hard links as far as can be. The folder is gone afterwards. One at a time.
    package func withCheckpoint<Result>(_ body: (String) throws -> Result) throws -> Result {
        let isFree = isCheckpointing.withLock { isTaken in
            defer { isTaken = true }
            return !isTaken
        }
        guard isFree else {
            throw ArchiveError(.io, "a backup of the archive \(folder.path) is being made already; wait for its end")
        }
        defer { isCheckpointing.withLock { $0 = false } }
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

    /// Removes what a process has left that was killed: it keeps the space of what is deleted.
    func removeCheckpoint() {
        if access(folder.checkpoint, F_OK) == 0 { try? FileManager.default.removeItem(atPath: folder.checkpoint) }
    }
}
