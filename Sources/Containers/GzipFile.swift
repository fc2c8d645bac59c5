import CZlib
import Glibc

/// A gzip file (RFC 1952) that is unpacked as it is read. Used by one thread.
///
/// Checksums are compared, which libarchive does not; and an end is one only behind a trailer, which zlib's `gzread` does not tell.
final class GzipFile {
    private let file: Int32
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
    /// Whether a member's trailer was read, and nothing of another.
    private var isBetweenMembers = false
    /// Why no more can be read.
    private(set) var failure: String?

    /// Whether a file is one, by its first bytes.
    static func isOne(_ file: Int32) -> Bool {
        var magic: (UInt8, UInt8) = (0, 0)
        return pread(file, &magic, 2, lseek(file, 0, SEEK_CUR)) == 2 && magic == (0x1F, 0x8B)
    }

    /// The file from its position on; not closed. nil when there is no memory.
    init?(_ file: Int32) {
        self.file = file
        stream.initialize(to: z_stream())
        // 16: with the header and trailer of gzip.
        guard inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            return nil
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        input.deallocate()
        output.deallocate()
    }

    /// The next bytes, valid until the next call; none at the end, nil when they cannot be read.
    func next() -> UnsafeRawBufferPointer? {
        guard failure == nil else { return nil }
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(output.count)
        while stream.pointee.avail_out == output.count {
            if stream.pointee.avail_in == 0 {
                guard fill() else { return nil }
                if stream.pointee.avail_in == 0 {
                    if !isBetweenMembers { failure = "its gzip data end too early" }
                    break
                }
            }
            if isBetweenMembers, !beginMember() { continue }
            let result = inflate(stream, Z_NO_FLUSH)
            guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else {
                let reason = stream.pointee.msg.map { String(cString: $0) } ?? "code \(result)"
                failure = "its gzip data are damaged (\(reason))"
                break
            }
            isBetweenMembers = result == Z_STREAM_END
        }
        return failure == nil
            ? UnsafeRawBufferPointer(rebasing: output[..<(output.count - Int(stream.pointee.avail_out))]) : nil
    }

    /// Reads to the end, behind what anyone needs: its checksum comes last.
    func finish() { while let bytes = next(), !bytes.isEmpty {} }

    /// Reads what comes next of the file; whether that was possible.
    private func fill() -> Bool {
        var count = read(file, input.baseAddress, input.count)
        while count < 0, errno == EINTR { count = read(file, input.baseAddress, input.count) }
        guard count >= 0 else {
            failure = String(cString: strerror(errno))
            return false
        }
        stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_in = UInt32(count)
        return true
    }

    /// Passes zeros, which tapes leave behind a member, and begins another if there is one.
    private func beginMember() -> Bool {
        while stream.pointee.avail_in > 0, stream.pointee.next_in.pointee == 0 {
            stream.pointee.next_in += 1
            stream.pointee.avail_in -= 1
        }
        guard stream.pointee.avail_in > 0 else { return false }
        inflateReset(stream)
        return true
    }
}
