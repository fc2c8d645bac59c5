import CZlib

/// The scan of a deflated data set: its bytes inflated, the header collected, bulk values dropped.
///
/// A class because zlib's state holds its own address. Owned and used by one scanner.
final class InflatedScan: @unchecked Sendable {
    private let stream: UnsafeMutablePointer<z_stream>
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    private let limits: ScanLimits
    private var elements: ElementScanner
    private var collected = CollectedHeader()
    private var received: UInt64 = 0
    private var inflated: UInt64 = 0
    private var hasEnded = false

    init(_ format: Deflation, limits: ScanLimits) throws {
        self.limits = limits
        elements = ElementScanner(encoding: .explicitLittleEndian, limits: limits)
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let windowBits: Int32 = format == .raw ? -15 : 15
        guard inflateInit2_(stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw DICOMError(.notInflatable, "zlib could not be started: out of memory")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        output.deallocate()
    }

    /// The header bytes; complete after `finish`.
    var header: [UInt8] { collected.bytes }

    /// Inflates and scans the next bytes; what follows the end of the stream is let pass.
    func consume(_ bytes: RawSpan) throws {
        received += UInt64(bytes.byteCount)
        try bytes.withUnsafeBytes { buffer in
            var rest = buffer
            while !hasEnded, !rest.isEmpty {
                let count = min(rest.count, 1 << 30)
                try inflate(UnsafeRawBufferPointer(rebasing: rest.prefix(count)))
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            }
        }
    }

    func finish() throws -> ScannedDataSet {
        guard hasEnded else {
            throw DICOMError(
                .truncated, "The deflated data set ends at byte \(received) before its deflate stream does")
        }
        _ = try elements.finish(into: &collected)
        return ScannedDataSet(
            encoding: elements.encoding, bulkElements: elements.bulkElements, headerLength: elements.headerLength,
            totalLength: received, isDeflated: true)
    }

    private func inflate(_ input: UnsafeRawBufferPointer) throws {
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(input.count)
        repeat {
            stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(output.count)
            let result = CZlib.inflate(stream, Z_NO_FLUSH)
            guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else {
                let reason = stream.pointee.msg.map { String(cString: $0) } ?? "code \(result)"
                throw DICOMError(
                    .notInflatable, "The deflated data set is corrupt before byte \(received): \(reason)")
            }
            let produced = UnsafeRawBufferPointer(
                rebasing: output[..<(output.count - Int(stream.pointee.avail_out))])
            inflated += UInt64(produced.count)
            guard inflated <= limits.inflatedBytes else {
                throw DICOMError(
                    .tooLarge, "The deflated data set inflates to more than \(limits.inflatedBytes) bytes")
            }
            try elements.consume(produced.bytes, into: &collected)
            hasEnded = result == Z_STREAM_END
        } while !hasEnded && (stream.pointee.avail_in > 0 || stream.pointee.avail_out == 0)
    }
}

/// A sink that keeps the header and lets bulk go.
private struct CollectedHeader: DataSetSink {
    var bytes: [UInt8] = []

    mutating func header(_ bytes: RawSpan) {
        bytes.withUnsafeBytes { self.bytes.append(contentsOf: $0) }
    }

    func beginBulk(_ element: BulkElement) {}
    func bulk(_ bytes: RawSpan) {}
    func endBulk() {}
    func derivedHeader(_ bytes: RawSpan) {}
}
