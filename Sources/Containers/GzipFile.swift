import CZlib
import Glibc

/// A gzip file (RFC 1952) that is unpacked as it is read, and whose checksums are compared: libarchive does not. Used by one thread.
final class GzipFile {
    private let file: gzFile
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
    /// Why no more can be read.
    private(set) var failure: String?

    /// Whether a file is one, by its first bytes.
    static func isOne(_ descriptor: Int32) -> Bool {
        var magic: (UInt8, UInt8) = (0, 0)
        return pread(descriptor, &magic, 2, lseek(descriptor, 0, SEEK_CUR)) == 2 && magic == (0x1F, 0x8B)
    }

    /// The file from its position on; not closed. nil when there is no memory or descriptor.
    init?(_ descriptor: Int32) {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { return nil }
        guard let file = gzdopen(copy, "rb") else {
            close(copy)
            return nil
        }
        self.file = file
        gzbuffer(file, 256 << 10)
    }

    deinit {
        gzclose_r(file)
        buffer.deallocate()
    }

    /// The next bytes, valid until the next call; none at the end, nil when they cannot be read.
    func next() -> UnsafeRawBufferPointer? {
        let count = gzread(file, buffer.baseAddress, UInt32(buffer.count))
        if count > 0 { return UnsafeRawBufferPointer(rebasing: buffer[..<Int(count)]) }
        var code: Int32 = 0
        // After the name of the file, which it does not know.
        let text = gzerror(file, &code).map { String(cString: $0).split(separator: ": ").last ?? "" } ?? ""
        guard count < 0 || code != Z_OK && code != Z_STREAM_END else {
            return UnsafeRawBufferPointer(rebasing: buffer[..<0])
        }
        failure = code == Z_BUF_ERROR ? "its gzip data end too early" : "its gzip data are damaged (\(text))"
        return nil
    }

    /// Reads to the end, behind what anyone needs: its checksum comes last.
    func finish() { while let bytes = next(), !bytes.isEmpty {} }
}
