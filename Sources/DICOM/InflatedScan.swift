/// The scan of a deflated data set: its bytes inflated, the header collected, bulk values dropped. Owned and used by one
/// scanner.
final class InflatedScan: @unchecked Sendable {
    private let stream: ZlibStream
    private let limits: ScanLimits
    private var elements: ElementScanner
    private var collected = CollectedHeader()
    private var received: UInt64 = 0
    private var inflated: UInt64 = 0

    init(_ format: Deflation, limits: ScanLimits) throws {
        self.limits = limits
        elements = ElementScanner(encoding: .explicitLittleEndian, limits: limits)
        stream = try ZlibStream(isRaw: format == .raw)
    }

    /// The header bytes; complete after `finish`.
    var header: [UInt8] { collected.bytes }

    /// Inflates and scans the next bytes; what follows the end of the stream is let pass.
    func consume(_ bytes: RawSpan) throws {
        received += UInt64(bytes.byteCount)
        do {
            try stream.consume(bytes) { produced in
                inflated += UInt64(produced.byteCount)
                guard inflated <= limits.inflatedBytes else {
                    throw DICOMError(
                        .tooLarge, "The deflated data set inflates to more than \(limits.inflatedBytes) bytes")
                }
                try elements.consume(produced, into: &collected)
            }
        } catch let error as ZlibStream.Corrupt {
            throw DICOMError(
                .notInflatable, "The deflated data set is corrupt before byte \(received): \(error.reason)")
        }
    }

    func finish() throws -> ScannedDataSet {
        guard stream.hasEnded else {
            throw DICOMError(
                .truncated, "The deflated data set ends at byte \(received) before its deflate stream does")
        }
        _ = try elements.finish(into: &collected)
        return ScannedDataSet(
            encoding: elements.encoding, bulkElements: elements.bulkElements, headerLength: elements.headerLength,
            totalLength: received, isDeflated: true)
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
