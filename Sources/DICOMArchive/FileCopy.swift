import Glibc

/// Copies of files that are on disk when they have their name.
enum FileCopy {
    private static let piece = 1 << 20

    /// Copies a file, by way of a name with `.new`, and syncs it.
    ///
    /// - Parameter progress: called with the bytes of each piece; what it throws ends the copy.
    static func copy(_ source: String, to target: String, progress: (Int) throws -> Void) throws {
        let input = try open(source, O_RDONLY)
        defer { close(input) }
        let output = try open(target + ".new", O_WRONLY | O_CREAT | O_TRUNC)
        defer { close(output) }
        var buffer = [UInt8](repeating: 0, count: piece)
        while true {
            let count = read(input, &buffer, piece)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("read", source) }
            if count == 0 { break }
            try writeAll(buffer.span.bytes.extracting(first: count), to: output, target)
            try progress(count)
        }
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
        try writeAll(bytes.span.bytes, to: output, target)
        guard fsync(output) == 0, rename(target + ".new", target) == 0 else { throw failure("write", target) }
    }

    /// Whether two files have the same length and the same last 4 KiB: of files that are written once and end in a table of
    /// what they hold, that is enough.
    static func isSame(_ left: String, _ right: String) throws -> Bool {
        var (a, b) = (stat(), stat())
        guard stat(left, &a) == 0 else { throw failure("read", left) }
        guard stat(right, &b) == 0, a.st_size == b.st_size else { return false }
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

    private static func writeAll(_ bytes: RawSpan, to file: Int32, _ name: String) throws {
        try bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Glibc.write(file, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw failure("write", name) }
                rest = rest.dropFirst(count)
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
