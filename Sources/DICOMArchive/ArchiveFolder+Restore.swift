import Foundation
import Glibc

extension ArchiveFolder {
    /// Makes an archive's folder of files that exist: `body` puts `db`, `db.chunks`, `db.synced` and `dicomfs-archive` into a folder that
    /// it is given, and syncs them. It is an archive when this returns, and not before.
    ///
    /// - Parameter path: a folder that is missing, empty, or left by a restore that was interrupted.
    static func restore(_ path: String, _ body: (String) throws -> Void) throws {
        let new = path + "/restored"
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw ArchiveError(.unusable, "cannot make the folder \(path): \(String(cString: strerror(errno)))")
        }
        let entries = try FileManager.default.contentsOfDirectory(atPath: path)
        let left: Set = entries.contains("restored") ? ["lock", "restored", "db", "db.chunks", "db.synced"] : ["lock"]
        guard left.isSuperset(of: entries) else {
            let what = entries.contains("dicomfs-archive") ? "is an archive already" : "is not empty"
            throw ArchiveError(.unusable, "\(path) \(what); give an empty or new folder")
        }
        let lock = try takeLock(path, holder: Holder(command: "restore"))
        defer { close(lock) }
        for name in left.subtracting(["lock"]) where access("\(path)/\(name)", F_OK) == 0 {
            try FileManager.default.removeItem(atPath: "\(path)/\(name)")
        }
        guard mkdir(new, 0o700) == 0 else {
            throw ArchiveError(.io, "cannot make the folder \(new): \(String(cString: strerror(errno)))")
        }
        try body(new)
        // The format file last: it makes the folder an archive.
        for name in ["db", "db.chunks", "db.synced", "dicomfs-archive"] {
            guard rename("\(new)/\(name)", "\(path)/\(name)") == 0 else {
                throw ArchiveError(.io, "cannot write \(path)/\(name): \(String(cString: strerror(errno)))")
            }
            try FileCopy.syncFolder(path)
        }
        rmdir(new)
    }
}
