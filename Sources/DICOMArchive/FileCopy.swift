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
        let input = try open(source, O_RDONLY)
        defer { close(input) }
        let output = try open(target + ".new", O_WRONLY | O_CREAT | O_TRUNC)
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
        let output = try open(target + ".new", O_WRONLY | O_CREAT | O_TRUNC)
        defer { close(output) }
        try writeAll(bytes.span.bytes, to: output, at: 0, target)
        guard fsync(output) == 0, rename(target + ".new", target) == 0 else { throw failure("write", target) }
    }

    /// Whether a file is a copy of another: of the same length, with the same last 4 KiB, and taking no more of the disk but for
    /// an eighth. Of files that are written once, from their beginning to their end, and may lose parts later, that is enough.
    static func isSame(_ left: String, _ right: String) throws -> Bool {
        var (a, b) = (stat(), stat())
        guard stat(left, &a) == 0 else { throw failure("read", left) }
        guard stat(right, &b) == 0, a.st_size == b.st_size, b.st_blocks <= a.st_blocks + a.st_blocks / 8 + 64 else {
            return false
        }
        return try end(of: left, size: Int(a.st_size)) == end(of: right, size: Int(a.st_size))
    }

    /// Makes the names in a folder durable.
    static func syncFolder(_ path: String) throws {
        let folder = try open(path, O_RDONLY | O_DIRECTORY)
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw failure("write", path) }
    }

    private static func end(of path: String, size: Int) throws -> [UInt8] {
        let file = try open(path, O_RDONLY)
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: min(size, 4096))
        let length = bytes.count
        guard pread(file, &bytes, length, off_t(size - length)) == length else { throw failure("read", path) }
        return bytes
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
