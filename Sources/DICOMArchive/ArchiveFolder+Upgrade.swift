import ContentStore
import Glibc

/// What bringing an archive to this release's format has done.
package struct Upgrading: Codable, Sendable {
    /// Chunks that are where this format has them.
    package var chunks = 0
    /// How many there are.
    package var total = 0
    /// A sentence for each chunk that cannot be read.
    package var problems: [String] = []
    /// Whether the archive has the format: not while there are problems, unless they are accepted.
    package var isComplete = false
}

extension ArchiveFolder {
    /// Brings an archive of an older format to the one of this release; nil when it has that already. Interrupted, it is to be
    /// done again; no release opens the archive before.
    ///
    /// - Parameters:
    ///   - acceptsLoss: whether chunks that cannot be read are given up. Else nothing is, and the archive stays without a
    ///     format that can be opened.
    ///   - progress: called now and then; what it throws ends the work.
    package static func upgrade(
        _ path: String, holder: Holder, acceptsLoss: Bool = false, progress: (Upgrading) throws -> Void
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
            func setFormat(_ format: String) throws {
                try writeFormat(path, format, defaultCharacterSet: found.characterSet)
                try placeFormat(path)
            }
            done.problems = try RocksDBEngine.upgradeFromFormat1(path: path + "/db", acceptsLoss: acceptsLoss) {
                // An older release would not know the rows that are changed now, and lose what they name.
                try setFormat(formatOfUpgrade)
            } progress: { chunks, total in
                (done.chunks, done.total) = (chunks, total)
                try progress(done)
            }
            done.isComplete = done.problems.isEmpty || acceptsLoss
            if done.isComplete { try setFormat(currentFormat) }
            return done
        } catch {
            throw ArchiveError(error)
        }
    }
}
