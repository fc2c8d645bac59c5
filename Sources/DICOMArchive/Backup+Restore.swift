import Glibc

extension Backup {
    /// Makes an archive of it in a folder that is missing or empty.
    ///
    /// Interrupted, it leaves what is no archive, and can be done again.
    package func restore(
        to archive: String, progress report: (Progress) throws -> Void
    ) throws(ArchiveError) -> Contents {
        let lock = try takeLock(LOCK_SH)
        defer { close(lock) }
        guard let contents = try contents() else {
            throw ArchiveError(.noArchive, "\(path) holds no complete backup; dicomfs backup makes one")
        }
        do {
            for file in contents.files where try FileCopy.status("\(path)/\(file.path)").bytes != file.bytes {
                throw ArchiveError(
                    .damaged, "\(path)/\(file.path) has not the \(file.bytes) bytes it had; use another backup")
            }
            var progress = Progress()
            progress.bytesToCopy = contents.bytes
            try ArchiveFolder.restore(archive) { folder in
                for name in ["db", "db.chunks"] { try Self.makeFolder("\(folder)/\(name)") }
                for file in contents.files {
                    try FileCopy.copy("\(path)/\(file.path)", to: "\(folder)/\(file.origin)", bytes: file.bytes) {
                        progress.bytesCopied += $0
                        try report(progress)
                    }
                }
                for name in ["db", "db.chunks"] { try FileCopy.syncFolder("\(folder)/\(name)") }
            }
        } catch {
            throw ArchiveError(error)
        }
        return contents
    }
}
