import CLinux
import Glibc
import RocksDB

/// A file of chunks, one behind the other, open until this is dropped. Usable from any thread.
final class Segment: Sendable {
    let number: UInt64
    private let path: String
    private let file: Int32

    /// Opens a segment, or makes one that must not be there yet.
    ///
    /// - Throws: ``StoreError/Code/damaged`` when it is missing.
    init(_ number: UInt64, at path: String, create: Bool) throws(StoreError) {
        self.number = number
        self.path = path
        file = open(path, create ? O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC : O_RDONLY | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw errno == ENOENT
                ? StoreError(.damaged, "\(path) is missing; run dicomfs verify") : Self.failure("open", path)
        }
        // Chunks are read whole: what comes behind is not wanted.
        if !create { posix_fadvise(file, 0, 0, POSIX_FADV_RANDOM) }
    }

    deinit { close(file) }

    /// Writes bytes at an offset.
    func write(_ bytes: RawSpan, at offset: UInt64) throws(StoreError) {
        try bytes.withUnsafeBytes { bytes throws(StoreError) in
            var done = 0
            while done < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
                let count = pwrite(file, rest.baseAddress, rest.count, off_t(offset) + off_t(done))
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw Self.failure("write to", path) }
                done += count
            }
            // The disk begins with them now: less is left to a sync. Small ones share pages with the next.
            if bytes.count >= 1 << 16 { sync_file_range(file, off_t(offset), off_t(bytes.count), 2) }
        }
    }

    /// The bytes of a range that were written with a checksum; nil when they are not those, or not all there.
    func read(_ place: UInt64, length: Int, checksum: UInt32) throws(StoreError) -> Chunk? {
        var status = stat()
        // A damaged row may ask for anything.
        guard fstat(file, &status) == 0, UInt64(status.st_size) >= place + UInt64(length) else { return nil }
        let buffer = Buffer(length)
        var done = 0
        while done < length {
            let count = pread(
                file, buffer.bytes.baseAddress?.advanced(by: done), length - done, off_t(place) + off_t(done))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.failure("read", path) }
            if count == 0 { return nil }
            done += count
        }
        let bytes = UnsafeRawBufferPointer(buffer.bytes)
        return CRC32C.of(bytes.bytes) == checksum ? Chunk(bytes, owner: buffer) : nil
    }

    /// Returns when what was written is on the disk (fdatasync(2)).
    func sync() throws(StoreError) {
        guard fdatasync(file) == 0 else { throw Self.failure("write to", path) }
    }

    /// Memory of a chunk.
    private final class Buffer {
        let bytes: UnsafeMutableRawBufferPointer

        init(_ count: Int) { bytes = .allocate(byteCount: count, alignment: 16) }

        deinit { bytes.deallocate() }
    }

    static func failure(_ verb: String, _ path: String) -> StoreError {
        StoreError(
            errno == ENOSPC || errno == EDQUOT ? .noSpace : .io,
            "cannot \(verb) \(path): \(String(cString: strerror(errno)))")
    }
}
