import CZlib

/// Bytes that deflate has made smaller, inflated as they arrive (RFC 1950, RFC 1951). Used by one thread at a time.
///
/// A class because zlib's state holds its own address.
package final class ZlibStream {
    /// Why bytes cannot be inflated.
    package struct Corrupt: Error {
        /// In zlib's words.
        package let reason: String
    }

    private let stream: UnsafeMutablePointer<z_stream>
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    /// Whether the stream has come to its end; what follows is let pass.
    package private(set) var hasEnded = false

    /// - Parameter isRaw: whether it has no zlib header and checksum around it.
    package init(isRaw: Bool = false) throws(DICOMError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard inflateInit2_(stream, isRaw ? -15 : 15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw DICOMError(.notInflatable, "zlib could not be started: out of memory")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        output.deallocate()
    }

    /// Calls `body` with what the next bytes are, in pieces of at most 64 KiB.
    ///
    /// - Throws: ``Corrupt``, or what `body` throws.
    package func consume(_ bytes: RawSpan, _ body: (RawSpan) throws -> Void) throws {
        try bytes.withUnsafeBytes { buffer in
            var rest = buffer
            while !hasEnded, !rest.isEmpty {
                let count = min(rest.count, 1 << 30)
                try inflate(UnsafeRawBufferPointer(rebasing: rest.prefix(count)), body)
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            }
        }
    }

    private func inflate(_ input: UnsafeRawBufferPointer, _ body: (RawSpan) throws -> Void) throws {
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(input.count)
        repeat {
            stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(output.count)
            let result = CZlib.inflate(stream, Z_NO_FLUSH)
            guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else {
                throw Corrupt(reason: stream.pointee.msg.map { String(cString: $0) } ?? "code \(result)")
            }
            let produced = UnsafeRawBufferPointer(
                rebasing: output[..<(output.count - Int(stream.pointee.avail_out))])
            if !produced.isEmpty { try body(produced.bytes) }
            hasEnded = result == Z_STREAM_END
        } while !hasEnded && (stream.pointee.avail_in > 0 || stream.pointee.avail_out == 0)
    }
}
