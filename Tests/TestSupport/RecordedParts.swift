package import DICOM

/// A sink that keeps everything it is given.
package struct RecordedParts: DataSetSink {
    package var header: [UInt8] = []
    package var bulks: [(element: BulkElement, bytes: [UInt8])] = []
    package var derived: [UInt8]?
    /// All bytes in the order they came.
    package var all: [UInt8] = []
    package var isInBulk = false
    /// Calls against the contract of the sink.
    package var violations: [String] = []

    /// Nothing yet.
    package init() {}

    package mutating func header(_ bytes: RawSpan) {
        if isInBulk { violations.append("header within bulk") }
        if bytes.byteCount == 0 { violations.append("empty header") }
        header += bytes.array
        all += bytes.array
    }

    package mutating func beginBulk(_ element: BulkElement) {
        if isInBulk { violations.append("bulk within bulk") }
        isInBulk = true
        bulks.append((element, []))
    }

    package mutating func bulk(_ bytes: RawSpan) {
        if !isInBulk { violations.append("bulk bytes outside bulk") }
        if bytes.byteCount == 0 { violations.append("empty bulk") }
        bulks[bulks.count - 1].bytes += bytes.array
        all += bytes.array
    }

    package mutating func endBulk() {
        if !isInBulk { violations.append("end outside bulk") }
        isInBulk = false
    }

    package mutating func derivedHeader(_ bytes: RawSpan) {
        if derived != nil { violations.append("second derived header") }
        derived = bytes.array
    }

    /// The header, derived or not.
    package var effectiveHeader: [UInt8] { derived ?? header }

    /// Header and bulk put together again by what the scan result says.
    package func reassembled(_ result: ScannedDataSet) -> [UInt8] {
        guard !result.isDeflated else { return bulks.flatMap(\.bytes) }
        var bytes: [UInt8] = []
        var start = 0
        for (element, bulk) in zip(result.bulkElements, bulks.map(\.bytes)) {
            let end = element.elementHeaderOffset + element.elementHeaderLength
            bytes += header[start..<end]
            bytes += bulk
            start = end
        }
        return bytes + header[start...]
    }
}

extension RawSpan {
    package var array: [UInt8] { withUnsafeBytes { Array($0) } }
}

/// A scan in fragments of the given lengths, repeated until the end.
package func scan(
    _ bytes: [UInt8], _ syntax: TransferSyntax?, fragments: [Int] = [Int.max], limits: ScanLimits = ScanLimits()
) throws -> (ScannedDataSet, RecordedParts) {
    var scanner = DataSetScanner(transferSyntax: syntax, limits: limits)
    var parts = RecordedParts()
    var start = 0
    var turn = 0
    while start < bytes.count {
        let end = start + min(fragments[turn % fragments.count], bytes.count - start)
        try scanner.consume(bytes.span.bytes.extracting(start..<end), into: &parts)
        start = end
        turn += 1
    }
    let result = try scanner.finish(into: &parts)
    return (result, parts)
}

/// The header of a whole data set.
package func header(_ bytes: [UInt8], _ syntax: TransferSyntax = .explicitVRLittleEndian) throws -> DataSetHeader {
    let (result, parts) = try scan(bytes, syntax)
    return DataSetHeader(parts.effectiveHeader, result)
}
