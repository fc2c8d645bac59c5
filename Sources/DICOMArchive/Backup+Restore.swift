import Foundation

extension Backup {
    /// Makes an archive of it in a folder that is missing or empty.
    ///
    /// Interrupted, it leaves what is no archive, and can be done again.
    package func restore(
        to archive: String, progress report: (Progress) throws -> Void
    ) throws(ArchiveError) -> Contents {
        guard let contents = try contents() else {
            throw ArchiveError(.noArchive, "\(path) holds no complete backup; dicomfs backup makes one")
        }
        do {
            func files(_ folder: String, _ files: [String: Int], _ target: String) -> [(String, String, Int)] {
                files.map { ("\(folder)/\($0.key)", target.isEmpty ? $0.key : "\(target)/\($0.key)", $0.value) }
            }
            let beside: Set = ["db.synced", "dicomfs-archive"]
            let others = "\(checkpoints)/\(contents.checkpoint)"
            let all =
                files(tables, contents.tables, "db") + files(chunks, contents.chunks, "db.chunks")
                + files(others, contents.others.filter { !beside.contains($0.key) }, "db")
                + files(others, contents.others.filter { beside.contains($0.key) }, "")
            for (source, _, size) in all where try Self.size(source) != size {
                throw ArchiveError(.damaged, "\(source) has not the \(size) bytes it had; use another backup")
            }
            var progress = Progress()
            progress.bytesToCopy = contents.bytes
            try ArchiveFolder.restore(archive) { folder in
                for name in ["db", "db.chunks"] { try Self.makeFolder("\(folder)/\(name)") }
                for (source, target, size) in all {
                    try FileCopy.copy(source, to: "\(folder)/\(target)", bytes: size) {
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
