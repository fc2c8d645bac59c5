import CLinux
import Glibc

/// Copies of files that are on disk when they have their name.
enum FileCopy {
    private static let piece = 1 << 20
    /// SEEK_DATA and SEEK_HOLE of lseek(2), which Glibc does not show: GNU extensions.
    private static let (seekData, seekHole): (Int32, Int32) = (3, 4)

    /// Copies the first bytes of a file, by way of a name with `.new`, and syncs them. Its holes are holes in the copy.
    ///
    /// - Parameter progress: called with the bytes of each piece; what it throws ends the copy.
    static func copy(_ source: String, to target: String, bytes size: Int, progress: (Int) throws -> Void) throws {
        // Whoever can write to a backup must not choose what else is read or written.
        let input = try open(source, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        defer { close(input) }
        var status = stat()
        guard fstat(input, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw ArchiveError(.damaged, "\(source) is no regular file")
        }
        let output = try open(target + ".new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW)
        defer { close(output) }
        guard ftruncate(output, off_t(size)) == 0 else { throw failure("write", target) }
        var buffer = [UInt8](repeating: 0, count: piece)
        var position = 0
        while position < size {
            let data = Int(lseek(input, off_t(position), seekData))
            if data < 0, errno == ENXIO { break }
            guard data >= 0 else { throw failure("read", source) }
            let end = min(size, Int(lseek(input, off_t(data), seekHole)))
            try progress(min(data, size) - position)
            position = data
            while position < end {
                let count = pread(input, &buffer, min(piece, end - position), off_t(position))
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw failure("read", source) }
                try writeAll(buffer.span.bytes.extracting(first: count), to: output, at: position, target)
                position += count
                try progress(count)
            }
        }
        if position < size { try progress(size - position) }
        guard fsync(output) == 0 else { throw failure("write", target) }
        // What is read once, and written to be kept elsewhere, shall not push out what readers of the archive need.
        posix_fadvise(input, 0, 0, POSIX_FADV_DONTNEED)
        posix_fadvise(output, 0, 0, POSIX_FADV_DONTNEED)
        guard rename(target + ".new", target) == 0 else { throw failure("write", target) }
    }

    /// Writes a small file in one step, and syncs it.
    static func write(_ bytes: [UInt8], to target: String) throws {
        let output = try open(target + ".new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW)
        defer { close(output) }
        try writeAll(bytes.span.bytes, to: output, at: 0, target)
        guard fsync(output) == 0, rename(target + ".new", target) == 0 else { throw failure("write", target) }
    }

    /// What is known of a file without reading it.
    struct Status {
        /// Its length.
        var bytes: Int
        /// How many of them are no hole.
        var data: Int
        /// When it was made, in nanoseconds since 1970; where a file system does not tell, when its bytes changed last.
        var made: Int
    }

    static func status(_ path: String) throws -> Status {
        var found = statx()
        let mask = UInt32(STATX_BASIC_STATS | STATX_BTIME)
        guard statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, mask, &found) == 0 else { throw failure("read", path) }
        let isKnown = found.stx_mask & UInt32(STATX_BTIME) != 0
        let time = isKnown ? found.stx_btime : found.stx_mtime
        return Status(
            bytes: Int(found.stx_size), data: try data(of: path, size: Int(found.stx_size)),
            made: Int(time.tv_sec) * 1_000_000_000 + Int(time.tv_nsec))
    }

    private static func data(of path: String, size: Int) throws -> Int {
        let file = try open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        defer { close(file) }
        var (count, position) = (0, 0)
        while position < size {
            let data = Int(lseek(file, off_t(position), seekData))
            if data < 0 { break }
            position = min(size, Int(lseek(file, off_t(data), seekHole)))
            count += position - data
        }
        return count
    }

    /// Makes the names in a folder durable.
    static func syncFolder(_ path: String) throws {
        let folder = try open(path, O_RDONLY | O_DIRECTORY)
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw failure("write", path) }
    }

    private static func writeAll(_ bytes: RawSpan, to file: Int32, at offset: Int, _ name: String) throws {
        try bytes.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
                let count = pwrite(file, rest.baseAddress, rest.count, off_t(offset + done))
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw failure("write", name) }
                done += count
            }
        }
    }

    private static func open(_ path: String, _ flags: Int32) throws -> Int32 {
        let file = Glibc.open(path, flags | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("open", path) }
        return file
    }

    private static func failure(_ verb: String, _ path: String) -> ArchiveError {
        ArchiveError(errno == ENOSPC ? .noSpace : .io, "cannot \(verb) \(path): \(String(cString: strerror(errno)))")
    }
}
