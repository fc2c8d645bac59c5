import Foundation
import Glibc

/// A file that is read past the page cache: the daemon gets every read as it is made.
final class DirectFile {
    private let descriptor: Int32

    init(_ path: String) throws {
        // O_DIRECT of open(2), which Glibc does not show: a GNU extension.
        #if arch(arm64)
            let direct: Int32 = 0o200000
        #else
            let direct: Int32 = 0o40000
        #endif
        descriptor = open(path, O_RDONLY | direct | O_CLOEXEC)
        guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    deinit { close(descriptor) }

    /// Its `st_size`.
    var size: Int {
        var status = stat()
        fstat(descriptor, &status)
        return Int(status.st_size)
    }

    /// What one read of this range gives: less where the file ends before.
    func read(_ range: Range<Int>) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: range.count)
        let count = pread(descriptor, &bytes, range.count, off_t(range.lowerBound))
        guard count >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        return Array(bytes.prefix(count))
    }

    /// All of it, in reads of so many bytes, until one gives none.
    func readAll(by length: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let next = try read(bytes.count..<bytes.count + length)
            guard !next.isEmpty else { return bytes }
            bytes += next
        }
    }
}
