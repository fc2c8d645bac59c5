import Foundation
import Glibc

/// A copy of an archive in a folder of its own, which takes only what is new each time.
///
///     DIR/dicomfs-backup         what is in it (JSON): written last, in one step
///     DIR/tables/FILE            the files of the database that never change
///     DIR/chunks/FILE            those with the bytes of chunks, which lose what is swept
///     DIR/checkpoints/NAME/      the others, as they were
///     DIR/lock                   held with flock(2) by who writes it, or reads
///
/// A FILE is named `NAME-MADE-BYTES`: after the one it is a copy of, when that was made (nanoseconds since 1970, hexadecimal), and
/// how many bytes of it were no hole then. No copy is ever written over: what an unfinished backup leaves is beside what the last one has.
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
            let lock = try takeLock(LOCK_EX)
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
            new.files = try files(of: checkpoint, others: others)
            var work: [Contents.File] = []
            for file in new.files {
                if (try? FileCopy.status("\(path)/\(file.path)"))?.bytes == file.bytes {
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
        guard mkdir(path, 0o700) != 0 else { return ArchiveFolder.syncFolder(path + "/..") }
        guard errno == EEXIST else {
            throw ArchiveError(.io, "cannot make the folder \(path): \(String(cString: strerror(errno)))")
        }
    }

    /// - Parameter kind: `LOCK_EX` to write, `LOCK_SH` to read; what cannot be written is not locked to be read.
    func takeLock(_ kind: Int32) throws(ArchiveError) -> Int32 {
        let flags = kind == LOCK_EX ? O_RDWR | O_CREAT : O_RDONLY
        let lock = open(path + "/lock", flags | O_NOFOLLOW | O_CLOEXEC, 0o600)
        if lock < 0, kind == LOCK_SH { return -1 }
        let isTaken = lock >= 0 && flock(lock, kind | LOCK_NB) == 0
        // Some network file systems have no locks: what is there can be read all the same.
        guard isTaken || kind == LOCK_SH && errno != EWOULDBLOCK else {
            if lock >= 0 { close(lock) }
            throw ArchiveError(.inUse, "another dicomfs backup or restore uses \(path); wait for its end")
        }
        return lock
    }

    /// The files of a checkpoint, and the places that they get, or have already.
    private func files(of checkpoint: String, others: String) throws -> [Contents.File] {
        func names(_ folder: String) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        }
        let present = [
            Self.tables: try names("\(path)/\(Self.tables)"), Self.chunks: try names("\(path)/\(Self.chunks)"),
        ]
        var files: [Contents.File] = []
        func add(_ origin: String, to folder: String) throws {
            var name = String(origin.split(separator: "/").last ?? "")
            let status = try FileCopy.status("\(checkpoint)/\(origin)")
            if let present = present[folder] { name = Self.place(of: name, status, present) }
            files.append(Contents.File(path: "\(folder)/\(name)", origin: origin, bytes: status.bytes))
        }
        for name in try names(checkpoint + "/db") {
            try add("db/\(name)", to: name.hasSuffix(".sst") ? Self.tables : others)
        }
        for name in try names(checkpoint + "/db.chunks") { try add("db.chunks/\(name)", to: Self.chunks) }
        for name in ["db.synced", "dicomfs-archive"] { try add(name, to: others) }
        return files
    }

    /// The name of a file's copy: of one that is there, unless that was made when an eighth more of it was no hole.
    private static func place(of name: String, _ status: FileCopy.Status, _ present: [String]) -> String {
        let prefix = "\(name)-\(String(status.made, radix: 16))-"
        let found = present.first { copy in
            guard copy.hasPrefix(prefix), let data = Int(copy.dropFirst(prefix.count)) else { return false }
            return data <= status.data + status.data / 8 + (32 << 10)
        }
        return found ?? "\(prefix)\(status.data)"
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
