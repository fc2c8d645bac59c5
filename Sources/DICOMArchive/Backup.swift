import Foundation
import Glibc

/// A copy of an archive in a folder of its own, which takes only what is new each time.
///
///     DIR/dicomfs-backup         what is in it (JSON): written last, in one step
///     DIR/files/                 the files of the database that never change
///     DIR/checkpoints/NAME/      the others, as they were
///     DIR/lock                   held with flock(2) by who writes it
package struct Backup {
    /// The folder.
    let path: String

    /// What a backup holds.
    package struct Contents: Codable, Sendable {
        /// The version of this form.
        var form = 1
        /// The database it is of: its IDENTITY, which a restored one does not share.
        var database = ""
        /// Where that was.
        package var archive = ""
        /// When it was made: seconds since 1970.
        package var made = 0
        /// The folder under `checkpoints`.
        var checkpoint = ""
        /// The files under `files`, and their bytes.
        var files: [String: Int] = [:]
        /// The files under the checkpoint's folder, and their bytes.
        var others: [String: Int] = [:]

        /// All of its bytes.
        package var bytes: Int { files.values.reduce(0, +) + others.values.reduce(0, +) }
    }

    /// How far copying has got.
    package struct Progress: Codable, Sendable {
        package var bytesCopied = 0
        package var bytesToCopy = 0
        /// Bytes that were there already.
        package var bytesKept = 0

        /// Nothing copied yet.
        package init() {}
    }

    /// The backup in a folder, which need not be there.
    package init(_ path: String) { self.path = path }

    private var files: String { path + "/files" }
    private var checkpoints: String { path + "/checkpoints" }
    static let contentsFile = "dicomfs-backup"

    /// What the folder holds; nil when no backup in it is complete.
    package func contents() throws(ArchiveError) -> Contents? {
        let name = path + "/" + Self.contentsFile
        guard let data = FileManager.default.contents(atPath: name) else { return nil }
        guard let contents = try? JSONDecoder().decode(Contents.self, from: data) else {
            throw ArchiveError(.damaged, "\(name) cannot be read; make the backup anew in another folder")
        }
        guard contents.form == 1 else {
            throw ArchiveError(.unusable, "the backup \(path) was made by a newer dicomfs; use that")
        }
        // They become parts of paths.
        let names = [contents.checkpoint] + contents.files.keys + contents.others.keys
        guard names.allSatisfy({ !$0.isEmpty && !$0.hasPrefix(".") && !$0.contains("/") && !$0.contains("\0") }) else {
            throw ArchiveError(.damaged, "\(name) names files outside of it; make the backup anew in another folder")
        }
        return contents
    }

    /// Copies a checkpoint of an archive: what the folder does not have yet.
    ///
    /// Interrupted, it leaves the backup that was there before, and what was copied is not copied again.
    ///
    /// - Parameters:
    ///   - archive: the archive's folder.
    ///   - progress: called after each piece; what it throws ends the work.
    package func write(
        checkpoint: String, of archive: String, progress report: (Progress) throws -> Void
    ) throws(ArchiveError) -> Progress {
        do {
            try makeFolder()
            let lock = try takeLock()
            defer { close(lock) }
            let before = try contents()
            var new = Contents()
            new.database = try String(contentsOfFile: archive + "/db/IDENTITY", encoding: .utf8)
            if let before, before.database != new.database {
                throw ArchiveError(
                    .unusable, "\(path) holds the backup of another archive, \(before.archive); give another folder")
            }
            new.archive = archive
            new.made = Int(Date().timeIntervalSince1970)
            new.checkpoint = "\(new.made)-\(getpid())"
            let others = "\(checkpoints)/\(new.checkpoint)"
            for folder in [files, checkpoints, others] { try Self.makeFolder(folder) }

            var progress = Progress()
            var work: [(source: String, target: String)] = []
            for (source, name) in try Self.members(of: checkpoint) {
                let isFixed = name.hasSuffix(".sst") || name.hasSuffix(".blob")
                let target = isFixed ? "\(files)/\(name)" : "\(others)/\(name)"
                let size = try Self.size(source)
                if isFixed { new.files[name] = size } else { new.others[name] = size }
                if isFixed, try FileCopy.isSame(source, target) {
                    progress.bytesKept += size
                } else {
                    progress.bytesToCopy += size
                    work.append((source, target))
                }
            }
            for (source, target) in work {
                try FileCopy.copy(source, to: target) { count in
                    progress.bytesCopied += count
                    try report(progress)
                }
            }
            for folder in [files, others, checkpoints, path] { try FileCopy.syncFolder(folder) }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
            try FileCopy.write(Array(encoder.encode(new)), to: path + "/" + Self.contentsFile)
            try FileCopy.syncFolder(path)
            try removeOthers(than: new)
            return progress
        } catch {
            throw ArchiveError(error)
        }
    }

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
            let all =
                contents.files.map { ("\(files)/\($0.key)", $0.key, $0.value) }
                + contents.others.map { ("\(checkpoints)/\(contents.checkpoint)/\($0.key)", $0.key, $0.value) }
            for (source, _, size) in all where try Self.size(source) != size {
                throw ArchiveError(.damaged, "\(source) has not the \(size) bytes it had; use another backup")
            }
            var progress = Progress()
            progress.bytesToCopy = contents.bytes
            try ArchiveFolder.restore(archive) { folder in
                try Self.makeFolder(folder + "/db")
                for (source, name, _) in all {
                    let isBeside = name == "db.synced" || name == "dicomfs-archive"
                    try FileCopy.copy(source, to: isBeside ? "\(folder)/\(name)" : "\(folder)/db/\(name)") {
                        progress.bytesCopied += $0
                        try report(progress)
                    }
                }
                try FileCopy.syncFolder(folder + "/db")
            }
        } catch {
            throw ArchiveError(error)
        }
        return contents
    }

    private func makeFolder() throws {
        try Self.makeFolder(path)
        let entries = try FileManager.default.contentsOfDirectory(atPath: path)
        let own: Set = ["lock", "files", "checkpoints", Self.contentsFile, Self.contentsFile + ".new"]
        guard own.isSuperset(of: entries) else {
            throw ArchiveError(.unusable, "\(path) is neither a backup nor empty; give an empty or new folder")
        }
    }

    private static func makeFolder(_ path: String) throws {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw ArchiveError(.io, "cannot make the folder \(path): \(String(cString: strerror(errno)))")
        }
    }

    private func takeLock() throws -> Int32 {
        let lock = open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            if lock >= 0 { close(lock) }
            throw ArchiveError(.inUse, "another dicomfs backup writes to \(path); wait for its end")
        }
        return lock
    }

    /// The files of a checkpoint and the names they get.
    private static func members(of checkpoint: String) throws -> [(String, String)] {
        let database = try FileManager.default.contentsOfDirectory(atPath: checkpoint + "/db").sorted()
        return database.map { ("\(checkpoint)/db/\($0)", $0) }
            + ["db.synced", "dicomfs-archive"].map { ("\(checkpoint)/\($0)", $0) }
    }

    private static func size(_ path: String) throws -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw ArchiveError(.damaged, "\(path) is missing: \(String(cString: strerror(errno)))")
        }
        return Int(status.st_size)
    }

    private func removeOthers(than contents: Contents) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: files) where contents.files[name] == nil {
            unlink("\(files)/\(name)")
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: checkpoints) where name != contents.checkpoint {
            try FileManager.default.removeItem(atPath: "\(checkpoints)/\(name)")
        }
    }
}
