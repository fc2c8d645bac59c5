import Foundation
import Glibc

extension ArchiveFolder {
    /// Makes an archive's folder of files that exist: `body` puts `db`, `db.chunks`, `db.synced` and `dicomfs-archive` into a folder that
    /// it is given, and syncs them. It is an archive when this returns, and not before.
    ///
    /// - Parameter path: a folder that is missing, empty, or left by a restore that was interrupted.
    static func restore(_ path: String, _ body: (String) throws -> Void) throws {
        let new = "\(path)/\(unfinishedRestore)"
        try Backup.makeFolder(path)
        // No lock file in what is refused. And with the lock once more: another restore may have ended meanwhile.
        _ = try leftByRestore(path)
        let lock = try takeLock(path, holder: Holder(command: "restore"))
        defer { close(lock) }
        // By which it is known goes last.
        for name in try leftByRestore(path).sorted(by: >) {
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

    /// Where a restore puts files before they have their names: what has this folder was left by one.
    private static let unfinishedRestore = ".dicomfs-restore"

    /// What a restore that was interrupted has left in a folder; throws when there is anything else.
    private static func leftByRestore(_ path: String) throws -> Set<String> {
        let entries = Set(try FileManager.default.contentsOfDirectory(atPath: path)).subtracting(["lock"])
        let isLeft = entries.contains(unfinishedRestore)
        let left: Set = isLeft ? [unfinishedRestore, "db", "db.chunks", "db.synced"] : []
        guard left.isSuperset(of: entries) else {
            let what = entries.contains(formatFile) ? "is an archive already" : "is not empty"
            throw ArchiveError(.unusable, "\(path) \(what); give an empty or new folder")
        }
        return entries
    }
}
