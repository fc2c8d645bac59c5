import ContentStore
import Glibc

/// What bringing an archive to this release's format has done.
package struct Upgrading: Codable, Sendable {
    /// Chunks that are where this format has them.
    package var chunks = 0
    /// How many there are.
    package var total = 0
    /// A sentence for each chunk that could not be read: it is left out.
    package var problems: [String] = []
}

extension ArchiveFolder {
    /// Brings an archive of an older format to the one of this release; nil when it has that already. Interrupted, it is to be
    /// done again.
    ///
    /// - Parameter progress: called now and then; what it throws ends the work.
    package static func upgrade(
        _ path: String, holder: Holder, progress: (Upgrading) throws -> Void
    ) throws(ArchiveError) -> Upgrading? {
        guard access("\(path)/\(formatFile)", F_OK) == 0 else {
            throw ArchiveError(.noArchive, "\(path) is no dicomfs archive; dicomfs import or serve makes one")
        }
        let lock = try takeLock(path, holder: holder)
        defer { close(lock) }
        let found = try readFormat(path, file: formatFile, formats: oldFormats.union([currentFormat]))
        guard found.format != currentFormat else { return nil }
        do {
            var done = Upgrading()
            done.problems = try RocksDBEngine.upgradeFromFormat1(path: path + "/db") { chunks, total in
                (done.chunks, done.total) = (chunks, total)
                try progress(done)
            }
            try writeFormat(path, defaultCharacterSet: found.characterSet)
            try placeFormat(path)
            return done
        } catch {
            throw ArchiveError(error)
        }
    }
}
