import Glibc

/// The number of the last commit that was synced, in a file beside the database: tells whether a log that ends early
/// lacks anything that was acknowledged.
///
/// Sixteen bytes: the number, big endian, and its complement. Written after each commit without a sync of its own, so
/// that after a power loss it may give an earlier commit, but never one that was not on disk.
final class CommitMark: Sendable {
    private let file: Int32

    /// Where the mark of a database is.
    static func path(of database: String) -> String { database + ".synced" }

    /// The number that the mark of a database gives; nil when there is no mark, or it is torn.
    static func read(of database: String) -> UInt64? {
        let file = open(path(of: database), O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var words: (number: UInt64, complement: UInt64) = (0, 0)
        guard pread(file, &words, 16, 0) == 16, words.number == ~words.complement else { return nil }
        return UInt64(bigEndian: words.number)
    }

    /// Writes the mark of a database, and syncs this first one.
    init(of database: String, number: UInt64) throws(StoreError) {
        let path = Self.path(of: database)
        file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw StoreError(.unusable, "cannot write \(path): \(String(cString: strerror(errno)))")
        }
        write(number)
        fsync(file)
        let above = open(database + "/..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if above >= 0 {
            fsync(above)
            close(above)
        }
    }

    deinit { close(file) }

    /// Notes that a commit is on disk. What cannot be written leaves an earlier number, which is true as well.
    func write(_ number: UInt64) {
        var words = (number: number.bigEndian, complement: ~number.bigEndian)
        pwrite(file, &words, 16, 0)
    }
}
