import DICOM
import Glibc

extension Archive {
    /// Stores a Part 10 file or bare data set, read from its beginning; also one that Orthanc has compressed in its storage
    /// folder.
    ///
    /// - Parameters:
    ///   - file: an open file; not closed.
    ///   - name: what errors call it.
    /// - Throws: ``ArchiveError/Code/notAnInstance`` when it is not DICOM or a DICOMDIR;
    ///   ``ArchiveError/Code/refused`` when it is DICOM but broken.
    package func importFile(_ file: Int32, name: String) throws(ArchiveError) -> IngestOutcome {
        do {
            // Most files are small: no more memory than they need.
            var status = stat()
            let size = fstat(file, &status) == 0 ? Int(clamping: status.st_size) : 0
            var buffer = [UInt8](repeating: 0, count: min(max(size, Part10.bytesToRecognize), 1 << 20))
            var position = try read(file, at: 0, into: &buffer)
            if let size = OrthancCompression.size(buffer.span.bytes.extracting(first: position)) {
                return try importCompressed(file, size: size, &buffer, first: position)
            }
            let intake = FileIntake(self)
            var count = position
            while count > 0 {
                try intake.take(buffer.span.bytes.extracting(first: count))
                count = try read(file, at: position, into: &buffer)
                position += count
            }
            return try intake.finish()
        } catch {
            let error = ArchiveError(error)
            throw ArchiveError(error.code, "\(name): \(error.description)")
        }
    }

    /// Stores a Part 10 file or bare data set whose bytes come over a socket in frames: four bytes length, big endian, then so
    /// many bytes; an empty frame is the end, and without that nothing is stored. Errors as ``importFile(_:name:)``.
    ///
    /// - Parameter sopInstanceUID: what is said to come; nil for any.
    package func importFrames(
        _ socket: Int32, name: String, sender: Sender, sopInstanceUID: String?
    ) throws(ArchiveError) -> IngestOutcome {
        do {
            let intake = FileIntake(self, sender: sender, sopInstanceUID: sopInstanceUID)
            while let frame = try receiveFrame(from: socket) { try intake.take(frame.span.bytes) }
            return try intake.finish()
        } catch {
            let error = ArchiveError(error)
            throw ArchiveError(error.code, "\(name): \(error.description)")
        }
    }

    /// The next frame; nil when that is the end.
    private func receiveFrame(from socket: Int32) throws(ArchiveError) -> [UInt8]? {
        var length = 0
        for byte in try receive(4, from: socket) { length = length << 8 | Int(byte) }
        guard length <= 1 << 20 else { throw ArchiveError(.refused, "a frame of \(length) bytes came") }
        return length == 0 ? nil : try receive(length, from: socket)
    }

    private func receive(_ count: Int, from socket: Int32) throws(ArchiveError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let more = bytes.withUnsafeMutableBytes {
                Glibc.read(socket, $0.baseAddress?.advanced(by: filled), count - filled)
            }
            if more < 0, errno == EINTR { continue }
            guard more > 0 else { throw ArchiveError(.refused, "it came to no end") }
            filled += more
        }
        return bytes
    }

    private func importCompressed(
        _ file: Int32, size: UInt64, _ buffer: inout [UInt8], first: Int
    ) throws -> IngestOutcome {
        let stream = try ZlibStream()
        let intake = FileIntake(self, isAttachment: true)
        var (position, count, start, inflated) = (first, first, OrthancCompression.prefix, UInt64(0))
        while count > 0 {
            do {
                try stream.consume(buffer.span.bytes.extracting(start..<count)) { bytes in
                    inflated += UInt64(bytes.byteCount)
                    guard inflated <= size else { throw ArchiveError(.refused, OrthancCompression.otherSize(size)) }
                    try intake.take(bytes)
                }
            } catch let error as ZlibStream.Corrupt {
                throw ArchiveError(
                    .refused, "compressed by Orthanc, and corrupt before byte \(position): \(error.reason)")
            }
            start = 0
            count = try read(file, at: position, into: &buffer)
            position += count
        }
        guard stream.hasEnded, inflated == size else {
            throw ArchiveError(.refused, OrthancCompression.otherSize(size))
        }
        return try intake.finish()
    }

    private func read(_ file: Int32, at position: Int, into buffer: inout [UInt8]) throws(ArchiveError) -> Int {
        while true {
            let count = buffer.withUnsafeMutableBytes { pread(file, $0.baseAddress, $0.count, off_t(position)) }
            if count >= 0 { return count }
            guard errno == EINTR else {
                // Of this file: the others can still be stored.
                throw ArchiveError(.refused, "cannot be read: \(String(cString: strerror(errno)))")
            }
        }
    }
}

/// How Orthanc keeps an attachment with its option StorageCompression: eight bytes with the size, little endian, and a zlib
/// stream (Orthanc Book, "Storage area").
private enum OrthancCompression {
    /// Bytes before the zlib stream.
    static let prefix = 8
    /// No attachment is larger: a bare data set may begin like one that is.
    private static let largest: UInt64 = 1 << 42

    /// The size that the beginning of a file gives; nil when the file is none of these.
    static func size(_ bytes: RawSpan) -> UInt64? {
        guard bytes.byteCount > prefix + 2 else { return nil }
        let size = UInt64(littleEndian: bytes.unsafeLoadUnaligned(as: UInt64.self))
        let first = bytes.unsafeLoadUnaligned(fromByteOffset: prefix, as: UInt8.self)
        let second = bytes.unsafeLoadUnaligned(fromByteOffset: prefix + 1, as: UInt8.self)
        // RFC 1950 2.2: deflate with a window of 32 KiB, and a check sum.
        let isZlib = first == 0x78 && (UInt(first) << 8 | UInt(second)) % 31 == 0
        return isZlib && size > 132 && size < largest ? size : nil
    }

    static func otherSize(_ size: UInt64) -> String {
        "compressed by Orthanc, and has not the \(size) bytes that it begins by announcing"
    }
}
