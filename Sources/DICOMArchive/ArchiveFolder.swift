import Foundation
import Glibc

/// The folder of an archive: its format file, and the lock that makes one process its owner.
///
/// Held open from ``open(_:create:holder:)`` until it is dropped.
package final class ArchiveFolder: Sendable {
    /// The newest format this release reads and writes.
    package static let currentFormat = 1

    /// The folder, absolute.
    package let path: String
    /// What the data sets without SpecificCharacterSet are decoded with, as a Defined Term (PS3.3 C.12.1.1.2).
    package let defaultCharacterSet: String
    private let lock: Int32

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

    private init(path: String, defaultCharacterSet: String, lock: Int32) {
        self.path = path
        self.defaultCharacterSet = defaultCharacterSet
        self.lock = lock
    }

    deinit { close(lock) }

    /// The database's folder.
    var database: String { path + "/db" }

    /// The socket through which commands reach a serving process.
    package static func controlSocket(of path: String) -> String { path + "/control.sock" }

    /// Opens the archive's folder and takes its lock.
    ///
    /// - Parameter create: make an archive where there is none; the folder may be missing or empty.
    /// - Throws: ``ArchiveError/Code/noArchive``, ``ArchiveError/Code/unusable``, or ``ArchiveError/Code/inUse`` when
    ///   another process has it.
    package static func open(_ path: String, create: Bool, holder: Holder) throws(ArchiveError) -> ArchiveFolder {
        let isThere = access(path + "/dicomfs-archive", F_OK) == 0
        guard isThere || create else {
            throw ArchiveError(.noArchive, "\(path) is no dicomfs archive; dicomfs import or serve makes one")
        }
        if !isThere { try makeFolder(path) }
        let path = realpath(path, nil).map { pointer in
            defer { free(pointer) }
            return String(cString: pointer)
        } ?? path
        let lock = try takeLock(path, holder: holder)
        do throws(ArchiveError) {
            if access(path + "/dicomfs-archive", F_OK) != 0 { try writeFormat(path) }
            return ArchiveFolder(path: path, defaultCharacterSet: try readFormat(path), lock: lock)
        } catch {
            close(lock)
            throw error
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
        if mkdir(path, 0o700) != 0 {
            guard errno == EEXIST else {
                throw ArchiveError(.unusable, "cannot make the archive folder \(path): \(String(cString: strerror(errno)))")
            }
        }
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        let foreign = entries.filter { $0 != "lock" }
        guard foreign.isEmpty else {
            throw ArchiveError(
                .unusable, "\(path) is neither a dicomfs archive nor empty; give an empty or new folder")
        }
    }

    private static func takeLock(_ path: String, holder: Holder) throws(ArchiveError) -> Int32 {
        let lock = Glibc.open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else {
            throw ArchiveError(.unusable, "cannot open \(path)/lock: \(String(cString: strerror(errno)))")
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            let other = Self.holder(of: path)
            let who = other.map { "dicomfs \($0.command), pid \($0.pid)" } ?? "another process"
            let place = other?.mount.map { ", mounted at \($0)" } ?? ""
            throw ArchiveError(.inUse, "the archive \(path) is in use by \(who)\(place)")
        }
        let text = (try? JSONEncoder().encode(holder)) ?? Data()
        ftruncate(lock, 0)
        _ = text.withUnsafeBytes { pwrite(lock, $0.baseAddress, $0.count, 0) }
        return lock
    }

    private static func writeFormat(_ path: String) throws(ArchiveError) {
        let text = "dicomfs archive\nformat \(currentFormat)\ndefault-character-set ISO_IR 100\n"
        let temporary = path + "/dicomfs-archive.new"
        let file = Glibc.open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        let written = Array(text.utf8).withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        let isDone =
            file >= 0 && written == text.utf8.count && fsync(file) == 0
            && rename(temporary, path + "/dicomfs-archive") == 0
        let reason = String(cString: strerror(errno))
        if file >= 0 { close(file) }
        guard isDone else { throw ArchiveError(.unusable, "cannot write \(path)/dicomfs-archive: \(reason)") }
        let folder = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
    }

    private static func readFormat(_ path: String) throws(ArchiveError) -> String {
        let data = FileManager.default.contents(atPath: path + "/dicomfs-archive") ?? Data()
        let lines = String(decoding: data, as: UTF8.self).split(separator: "\n")
        guard lines.first == "dicomfs archive" else {
            throw ArchiveError(.unusable, "\(path)/dicomfs-archive is damaged: its first line is not `dicomfs archive`")
        }
        func value(_ name: String) -> String? {
            lines.first { $0.hasPrefix(name + " ") }.map { String($0.dropFirst(name.count + 1)) }
        }
        guard value("format").flatMap({ Int($0) }) == currentFormat else {
            let format = value("format") ?? "unknown"
            throw ArchiveError(
                .unusable,
                "the archive \(path) has format \(format), this dicomfs knows format \(currentFormat); use a newer dicomfs")
        }
        guard let characterSet = value("default-character-set") else {
            throw ArchiveError(.unusable, "\(path)/dicomfs-archive is damaged: it names no default-character-set")
        }
        return characterSet
    }
}
