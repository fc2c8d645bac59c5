/// An incremental scanner that separates a data set into header and bulk while its bytes arrive (PS3.5 section 7).
///
/// Bulk (rule 1, permanent) is the value of a top-level element that is (7FE0,0008), (7FE0,0009), (7FE0,0010),
/// (0042,0011) or (5600,0020), or has a defined length of more than 65536 bytes; of undefined length it runs to the end of
/// the sequence delimiter. After the pixel data, the first bytes that are no element in ascending order, and all
/// that follows them, are bulk too. All else is header.
///
/// Fed with the bytes after group 2, in fragments of any size: the result does not depend on them. One pass, no
/// recursion; it keeps at most an element header between fragments, or 64 KiB after the pixel data, or the inflated
/// header of a deflated data set. Used by one thread at a time; after an error it must be dropped.
///
/// What it does not refuse: group lengths, odd lengths, order and content of elements, group 2 within the data set, fragments
/// whose delimiter is missing or found only by searching. The declared transfer syntax is a hint, the first element decides.
package struct DataSetScanner: ~Copyable {
    private enum Mode {
        /// Deflation is declared and the first bytes have not arrived.
        case undecided
        case plain
        case deflated(InflatedScan)
    }

    private var mode: Mode
    private var elements: ElementScanner
    private var beginning: [UInt8] = []
    private let limits: ScanLimits

    /// A scanner at byte 0 of a data set; nil stands for an unknown transfer syntax.
    package init(transferSyntax: TransferSyntax?, limits: ScanLimits = ScanLimits()) {
        self.limits = limits
        elements = ElementScanner(
            encoding: transferSyntax?.nominalEncoding ?? .explicitLittleEndian, limits: limits)
        mode = transferSyntax?.isDeflated == true ? .undecided : .plain
    }

    /// Scans the next bytes of the data set.
    ///
    /// - Throws: `DICOMError` when the bytes are no data set or exceed a limit, else what the sink throws.
    package mutating func consume<Sink: DataSetSink & ~Copyable>(_ bytes: RawSpan, into sink: inout Sink) throws {
        switch mode {
        case .plain:
            try elements.consume(bytes, into: &sink)
        case .deflated(let scan):
            try scan.consume(bytes)
            if bytes.byteCount > 0 { try sink.bulk(bytes) }
        case .undecided:
            bytes.withUnsafeBytes { beginning.append(contentsOf: $0) }
            if beginning.count >= Deflation.bytesToDecide { try decide(&sink) }
        }
    }

    /// Bytes of header so far: what is kept of the data set, here or by who takes it.
    package var headerLength: Int {
        if case .deflated(let scan) = mode { return scan.header.count }
        // The lengths of fragments are kept as well.
        return Int(clamping: elements.headerLength) + (elements.fragments?.count ?? 0) * 4
    }

    /// Ends the data set.
    ///
    /// - Throws: `DICOMError` when the data set is cut off, else what the sink throws.
    package mutating func finish<Sink: DataSetSink & ~Copyable>(into sink: inout Sink) throws -> ScannedDataSet {
        if case .undecided = mode { try decide(&sink) }
        if case .deflated(let scan) = mode { return try finishDeflated(scan, &sink) }
        let length = try elements.finish(into: &sink)
        return ScannedDataSet(
            encoding: elements.encoding, bulkElements: elements.bulkElements, headerLength: elements.headerLength,
            totalLength: length, isDeflated: false, fragments: elements.fragments ?? [])
    }

    private mutating func decide<Sink: DataSetSink & ~Copyable>(_ sink: inout Sink) throws {
        let first = beginning
        beginning = []
        if let format = Deflation(first) {
            mode = .deflated(try InflatedScan(format, limits: limits))
            try sink.beginBulk(
                BulkElement(
                    kind: .deflated, tag: Tag(0, 0), vr: nil, elementHeaderOffset: 0, elementHeaderLength: 0,
                    declaredLength: nil, position: 0, valueLength: 0))
            try consume(first.span.bytes, into: &sink)
        } else {
            mode = .plain
            try elements.consume(first.span.bytes, into: &sink)
        }
    }

    private mutating func finishDeflated<Sink: DataSetSink & ~Copyable>(
        _ scan: InflatedScan, _ sink: inout Sink
    ) throws -> ScannedDataSet {
        let result = try scan.finish()
        try sink.endBulk()
        try sink.derivedHeader(scan.header.span.bytes)
        return result
    }
}
