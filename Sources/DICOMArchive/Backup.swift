import Foundation
import Glibc

/// A copy of an archive in a folder of its own, which takes only what is new each time.
///
///     DIR/dicomfs-backup         what is in it (JSON): written last, in one step
///     DIR/tables/                the files of the database that never change
///     DIR/chunks/                those with the bytes of chunks, which only grow, and lose what is swept
///     DIR/checkpoints/NAME/      the others, as they were
///     DIR/lock                   held with flock(2) by who writes it
package struct Backup {
    /// The folder.
    let path: String

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

    private static let (tables, chunks, checkpoints) = ("tables", "chunks", "checkpoints")
    static let contentsFile = "dicomfs-backup"

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
            let others = "\(Self.checkpoints)/\(new.made)-\(getpid())"
            let folders = [Self.tables, Self.chunks, Self.checkpoints, others]
            for folder in folders { try Self.makeFolder("\(path)/\(folder)") }

            var progress = Progress()
            new.files = try Self.files(of: checkpoint, others: others)
            var work: [Contents.File] = []
            for file in new.files {
                let source = "\(checkpoint)/\(file.origin)"
                // One of its own checkpoint is new.
                if try FileCopy.isSame(source, "\(path)/\(file.path)") {
                    progress.bytesKept += file.bytes
                } else {
                    progress.bytesToCopy += file.bytes
                    work.append(file)
                }
            }
            for file in work {
                try FileCopy.copy("\(checkpoint)/\(file.origin)", to: "\(path)/\(file.path)", bytes: file.bytes) {
                    progress.bytesCopied += $0
                    try report(progress)
                }
            }
            for folder in folders.reversed() { try FileCopy.syncFolder("\(path)/\(folder)") }
            try FileCopy.syncFolder(path)
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

    private func makeFolder() throws {
        try Self.makeFolder(path)
        let entries = try FileManager.default.contentsOfDirectory(atPath: path)
        let own: Set = [
            "lock", Self.tables, Self.chunks, Self.checkpoints, Self.contentsFile, Self.contentsFile + ".new",
        ]
        guard own.isSuperset(of: entries) else {
            throw ArchiveError(.unusable, "\(path) is neither a backup nor empty; give an empty or new folder")
        }
    }

    static func makeFolder(_ path: String) throws {
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

    /// The files of a checkpoint, and the places that they get.
    private static func files(of checkpoint: String, others: String) throws -> [Contents.File] {
        var files: [Contents.File] = []
        func add(_ origin: String, to folder: String) throws {
            let name = origin.split(separator: "/").last ?? ""
            let bytes = try size("\(checkpoint)/\(origin)")
            files.append(Contents.File(path: "\(folder)/\(name)", origin: origin, bytes: bytes))
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: checkpoint + "/db").sorted() {
            try add("db/\(name)", to: name.hasSuffix(".sst") ? tables : others)
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: checkpoint + "/db.chunks").sorted() {
            try add("db.chunks/\(name)", to: chunks)
        }
        for name in ["db.synced", "dicomfs-archive"] { try add(name, to: others) }
        return files
    }

    static func size(_ path: String) throws -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw ArchiveError(.damaged, "\(path) is missing: \(String(cString: strerror(errno)))")
        }
        return Int(status.st_size)
    }

    private func removeOthers(than contents: Contents) throws {
        let kept = Set(contents.files.map(\.path))
        for folder in [Self.tables, Self.chunks] {
            for name in try FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)")
            where !kept.contains("\(folder)/\(name)") {
                unlink("\(path)/\(folder)/\(name)")
            }
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: "\(path)/\(Self.checkpoints)")
        where !kept.contains(where: { $0.hasPrefix("\(Self.checkpoints)/\(name)/") }) {
            try FileManager.default.removeItem(atPath: "\(path)/\(Self.checkpoints)/\(name)")
        }
    }
}
