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

    /// The files of the database that never change.
    var tables: String { path + "/tables" }
    /// The files with the bytes of chunks.
    var chunks: String { path + "/chunks" }
    var checkpoints: String { path + "/checkpoints" }
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
            new.checkpoint = "\(new.made)-\(getpid())"
            let others = "\(checkpoints)/\(new.checkpoint)"
            for folder in [tables, chunks, checkpoints, others] { try Self.makeFolder(folder) }

            var progress = Progress()
            var work: [(source: String, target: String, size: Int)] = []
            for member in try Self.members(of: checkpoint) {
                let folder = [.table: tables, .chunks: chunks, .other: others][member.kind] ?? others
                let target = "\(folder)/\(member.name)"
                let size = try Self.size(member.source)
                new.add(member, size)
                if member.kind != .other, try FileCopy.isSame(member.source, target) {
                    progress.bytesKept += size
                } else {
                    progress.bytesToCopy += size
                    work.append((member.source, target, size))
                }
            }
            for (source, target, size) in work {
                try FileCopy.copy(source, to: target, bytes: size) { count in
                    progress.bytesCopied += count
                    try report(progress)
                }
            }
            for folder in [tables, chunks, others, checkpoints, path] { try FileCopy.syncFolder(folder) }
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
        let own: Set = ["lock", "tables", "chunks", "checkpoints", Self.contentsFile, Self.contentsFile + ".new"]
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

    /// A file of a checkpoint.
    struct Member {
        enum Kind { case table, chunks, other }

        var kind: Kind
        var name: String
        var source: String
    }

    private static func members(of checkpoint: String) throws -> [Member] {
        func names(_ folder: String) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: "\(checkpoint)/\(folder)").sorted()
        }
        return try names("db").map { name in
            Member(kind: name.hasSuffix(".sst") ? .table : .other, name: name, source: "\(checkpoint)/db/\(name)")
        } + names("db.chunks").map { Member(kind: .chunks, name: $0, source: "\(checkpoint)/db.chunks/\($0)") }
            + ["db.synced", "dicomfs-archive"].map { Member(kind: .other, name: $0, source: "\(checkpoint)/\($0)") }
    }

    static func size(_ path: String) throws -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw ArchiveError(.damaged, "\(path) is missing: \(String(cString: strerror(errno)))")
        }
        return Int(status.st_size)
    }

    private func removeOthers(than contents: Contents) throws {
        for (folder, kept) in [(tables, contents.tables), (chunks, contents.chunks)] {
            for name in try FileManager.default.contentsOfDirectory(atPath: folder) where kept[name] == nil {
                unlink("\(folder)/\(name)")
            }
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: checkpoints) where name != contents.checkpoint {
            try FileManager.default.removeItem(atPath: "\(checkpoints)/\(name)")
        }
    }
}
