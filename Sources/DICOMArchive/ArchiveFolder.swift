import Foundation
import Glibc

/// The folder of an archive: its format file, and the lock that makes one process its owner.
///
/// Held open from ``open(_:create:holder:)`` until it is dropped.
package final class ArchiveFolder: Sendable {
    /// The newest format this release reads and writes.
    package static let currentFormat = "2"
    /// Those that ``upgrade(_:holder:acceptsLoss:progress:)`` brings to it: format 1, and what it makes of that at once, which no
    /// other release takes for its own.
    static let oldFormats: Set = ["1", formatOfUpgrade]
    static let formatOfUpgrade = "1-to-2"
    static let formatFile = "dicomfs-archive"

    /// The folder, absolute.
    package let path: String
    /// What the data sets without SpecificCharacterSet are decoded with, as a Defined Term (PS3.3 C.12.1.1.2).
    package let defaultCharacterSet: String
    /// Whether the archive is being made: its database is too then.
    let isNew: Bool
    /// The descriptor its lock is held by: for a process that opens it by ``open(_:inheriting:)``.
    package let lock: Int32

    /// Who has an archive open, as its lock file says.
    package struct Holder: Codable, Sendable {
        /// Its process.
        package var pid: Int32
        /// What it does: the command's name.
        package var command: String
        /// Where it mounts the archive.
        package var mount: String?

        package init(pid: Int32 = getpid(), command: String, mount: String? = nil) {
            self.pid = pid
            self.command = command
            self.mount = mount
        }
    }

    private init(path: String, defaultCharacterSet: String, isNew: Bool, lock: Int32) {
        self.path = path
        self.isNew = isNew
        self.defaultCharacterSet = defaultCharacterSet
        self.lock = lock
    }

    deinit { close(lock) }

    /// The database's folder.
    var database: String { path + "/db" }

    /// Where files for a backup are, while one is made.
    var checkpoint: String { path + "/checkpoint" }

    /// The socket through which commands reach a serving process.
    package static func controlSocket(of path: String) -> String { path + "/control.sock" }

    /// Opens the archive's folder and takes its lock.
    ///
    /// - Parameter create: make an archive where there is none; the folder may be missing or empty.
    /// - Throws: ``ArchiveError/Code/noArchive``, ``ArchiveError/Code/unusable``, or ``ArchiveError/Code/inUse`` when
    ///   another process has it.
    package static func open(_ path: String, create: Bool, holder: Holder) throws(ArchiveError) -> ArchiveFolder {
        guard access(path + "/" + Backup.contentsFile, F_OK) != 0 else {
            throw ArchiveError(.unusable, "\(path) is a backup; dicomfs restore makes an archive of it")
        }
        let isThere = access(path + "/dicomfs-archive", F_OK) == 0
        guard isThere || create else {
            throw ArchiveError(.noArchive, "\(path) is no dicomfs archive; dicomfs import or serve makes one")
        }
        if !isThere { try makeFolder(path) }
        let path =
            realpath(path, nil).map { pointer in
                defer { free(pointer) }
                return String(cString: pointer)
            } ?? path
        return try open(path, lock: takeLock(path, holder: holder))
    }

    /// Opens the folder by the lock that another process took with ``open(_:create:holder:)`` and has handed over. It is
    /// free again when both have let go of it.
    ///
    /// - Parameter create: as there; the other has made the folder.
    /// - Throws: ``ArchiveError/Code/unusable`` when the lock is not that of what is at the path now: the folder was moved,
    ///   or the disk it was on is gone.
    package static func open(_ path: String, create: Bool, inheriting lock: Int32) throws(ArchiveError) -> ArchiveFolder
    {
        var (locked, there) = (stat(), stat())
        guard fstat(lock, &locked) == 0, stat(path + "/lock", &there) == 0, locked.st_dev == there.st_dev,
            locked.st_ino == there.st_ino, create || access(path + "/dicomfs-archive", F_OK) == 0
        else {
            close(lock)
            throw ArchiveError(
                .unusable, "the archive that was served is not at \(path) any more: it was moved, or its disk is gone")
        }
        return try open(path, lock: lock)
    }

    private static func open(_ path: String, lock: Int32) throws(ArchiveError) -> ArchiveFolder {
        do throws(ArchiveError) {
            let isNew = access(path + "/dicomfs-archive", F_OK) != 0
            if isNew { try writeFormat(path, defaultCharacterSet: "ISO_IR 100") }
            let characterSet = try readFormat(path, file: isNew ? "dicomfs-archive.new" : formatFile).characterSet
            return ArchiveFolder(path: path, defaultCharacterSet: characterSet, isNew: isNew, lock: lock)
        } catch {
            close(lock)
            throw error
        }
    }

    /// Gives a new archive its format file, once its database is there: what has the file is complete, and a database that
    /// is missing from it is never made anew.
    func finishCreation() throws(ArchiveError) { if isNew { try Self.placeFormat(path) } }

    static func placeFormat(_ path: String) throws(ArchiveError) {
        guard rename(path + "/dicomfs-archive.new", path + "/dicomfs-archive") == 0 else {
            throw ArchiveError(.unusable, "cannot write \(path)/dicomfs-archive: \(String(cString: strerror(errno)))")
        }
        syncFolder(path)
    }

    /// Waits while the lock is held only by what a process has left behind that was killed, for 10 s at most.
    package static func awaitOrphans(of path: String) {
        for _ in 0..<1000 {
            guard let holder = holder(of: path), Glibc.kill(holder.pid, 0) != 0, errno == ESRCH else { return }
            usleep(10_000)
        }
    }

    /// Who has the archive open; nil when no one has, or it cannot be told.
    package static func holder(of path: String) -> Holder? {
        let file = Glibc.open(path + "/lock", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        if flock(file, LOCK_SH | LOCK_NB) == 0 { return nil }
        guard let data = FileManager.default.contents(atPath: path + "/lock") else { return nil }
        return try? JSONDecoder().decode(Holder.self, from: data)
    }

    private static func makeFolder(_ path: String) throws(ArchiveError) {
        if mkdir(path, 0o700) == 0 {
            syncFolder(path + "/..")
            return
        }
        guard errno == EEXIST else {
            throw ArchiveError(.unusable, "cannot make the archive folder \(path): \(String(cString: strerror(errno)))")
        }
        guard let entries = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            throw ArchiveError(.unusable, "\(path) is no folder that can be listed; give an empty or new folder")
        }
        // What a creation that was interrupted leaves, or one that goes on beside this one.
        let own: Set = ["lock", "dicomfs-archive.new", "dicomfs-archive"]
        let isBegun = !own.subtracting(["lock"]).isDisjoint(with: entries)
        // Whoever has written the settings first has no archive yet.
        let settings = "dicomfs.yaml"
        guard
            entries.allSatisfy({
                own.contains($0) || $0 == settings || isBegun && ["db", "db.chunks", "db.synced"].contains($0)
            })
        else {
            throw ArchiveError(
                .unusable, "\(path) is neither a dicomfs archive nor empty; give an empty or new folder")
        }
    }

    static func takeLock(_ path: String, holder: Holder) throws(ArchiveError) -> Int32 {
        let lock = Glibc.open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else {
            throw ArchiveError(.unusable, "cannot open \(path)/lock: \(String(cString: strerror(errno)))")
        }
        awaitOrphans(of: path)
        var other: Holder?
        // Whoever asks for the holder has the lock for a moment: then no one is named, and it is worth another try.
        var tries = 0
        while flock(lock, LOCK_EX | LOCK_NB) != 0 {
            other = Self.holder(of: path)
            tries += 1
            guard other != nil || tries == 100 else {
                usleep(1000)
                continue
            }
            close(lock)
            let who = other.map { "dicomfs \($0.command), pid \($0.pid)" } ?? "another process"
            let place = other?.mount.map { ", mounted at \($0)" } ?? ""
            throw ArchiveError(.inUse, "the archive \(path) is in use by \(who)\(place)")
        }
        let text = (try? JSONEncoder().encode(holder)) ?? Data()
        ftruncate(lock, 0)
        _ = text.withUnsafeBytes { pwrite(lock, $0.baseAddress, $0.count, 0) }
        return lock
    }

    static func writeFormat(
        _ path: String, _ format: String = currentFormat, defaultCharacterSet: String
    ) throws(ArchiveError) {
        let text = "dicomfs archive\nformat \(format)\ndefault-character-set \(defaultCharacterSet)\n"
        let name = path + "/dicomfs-archive.new"
        let file = Glibc.open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        let isDone =
            file >= 0 && Array(text.utf8).withUnsafeBytes { write(file, $0.baseAddress, $0.count) } == text.utf8.count
            && fsync(file) == 0
        let reason = String(cString: strerror(errno))
        if file >= 0 { close(file) }
        guard isDone else { throw ArchiveError(.unusable, "cannot write \(name): \(reason)") }
    }

    /// Makes the names in a folder durable, where that can be.
    static func syncFolder(_ path: String) {
        let folder = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return }
        fsync(folder)
        close(folder)
    }

    static func readFormat(
        _ path: String, file: String, formats: Set<String> = [currentFormat]
    ) throws(ArchiveError) -> (format: String, characterSet: String) {
        let data = FileManager.default.contents(atPath: "\(path)/\(file)") ?? Data()
        let lines = String(decoding: data, as: UTF8.self).split(separator: "\n")
        guard lines.first == "dicomfs archive" else {
            throw ArchiveError(.unusable, "\(path)/\(file) is damaged: its first line is not `dicomfs archive`")
        }
        func value(_ name: String) -> String? {
            lines.first { $0.hasPrefix(name + " ") }.map { String($0.dropFirst(name.count + 1)) }
        }
        let format = value("format") ?? "unknown"
        guard formats.contains(format) else {
            throw ArchiveError(
                .unusable,
                "the archive \(path) has format \(format), this dicomfs uses format \(currentFormat); "
                    + (oldFormats.contains(format) ? "run dicomfs upgrade" : "use a newer dicomfs"))
        }
        guard let characterSet = value("default-character-set") else {
            throw ArchiveError(.unusable, "\(path)/\(file) is damaged: it names no default-character-set")
        }
        return (format, characterSet)
    }
}
