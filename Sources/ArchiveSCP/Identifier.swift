import DICOM

/// The data set of a Query/Retrieve request, read within bounds that honest ones keep.
enum Identifier {
    /// Bytes of the longest.
    static let longest = 1 << 20
    /// The most elements, those of items counted.
    static let mostElements = 1024
    /// The most UIDs of one key.
    static let mostUIDs = 65_536
    /// The most values of any other key: each may be a pattern that every candidate is compared with.
    static let mostValues = 4096
    /// The most sequences within each other.
    static let deepest = 8

    /// The elements of an identifier.
    static func header(
        _ bytes: [UInt8], _ transferSyntaxUID: String, defaultCharacterSet: SpecificCharacterSet
    ) throws(IdentifierError) -> DataSetHeader {
        guard bytes.count <= longest else { throw .unreadable([], "the identifier is longer than 1 MiB") }
        var limits = ScanLimits()
        limits.headerBytes = longest
        limits.inflatedBytes = UInt64(longest)
        limits.depth = deepest
        var scanner = DataSetScanner(transferSyntax: TransferSyntax(transferSyntaxUID), limits: limits)
        var collected = Collected()
        let scanned: ScannedDataSet
        do {
            try scanner.consume(bytes.span.bytes, into: &collected)
            scanned = try scanner.finish(into: &collected)
        } catch {
            throw .unreadable([], "the identifier cannot be read as a data set")
        }
        // Pixel Data may be asked for: without a value.
        if let bulk = scanned.bulkElements.first(where: { $0.valueLength > 0 }) {
            throw .unreadable([bulk.tag], "a value is too long for a key")
        }
        let header = DataSetHeader(collected.bytes, scanned, defaultCharacterSet: defaultCharacterSet)
        var count = 0
        try check(header, depth: 0, &count)
        return header
    }

    private static func check(_ header: DataSetHeader, depth: Int, _ count: inout Int) throws(IdentifierError) {
        count += header.tags.count
        guard count <= mostElements else { throw .unreadable([], "more than \(mostElements) keys") }
        for tag in header.tags {
            guard header.isSequence(tag) else {
                let values = (header.bytes(tag) ?? []).count { $0 == 0x5C } + 1
                let most = (DataDictionary.vr(of: tag) ?? header.vr(of: tag)) == .ui ? mostUIDs : mostValues
                guard values <= most else { throw .unreadable([tag], "more than \(most) values of a key") }
                continue
            }
            guard depth < deepest else { throw .unreadable([tag], "sequences are too deep within each other") }
            let items = header.items(tag)
            guard items.count <= 1 else { throw .unreadable([tag], "a sequence key has one item") }
            if let item = items.first { try check(item, depth: depth + 1, &count) }
        }
    }

    private struct Collected: DataSetSink {
        var bytes: [UInt8] = []

        mutating func header(_ part: RawSpan) { part.withUnsafeBytes { bytes.append(contentsOf: $0) } }
        mutating func beginBulk(_ element: BulkElement) {}
        mutating func bulk(_ part: RawSpan) {}
        mutating func endBulk() {}
        mutating func derivedHeader(_ part: RawSpan) { header(part) }
    }
}
