/// Where the elements of a data set, or of an item within it, stand in the header bytes.
struct ElementIndex: Sendable {
    /// One element.
    struct Entry: Sendable {
        var tag: Tag
        /// As its header names it; nil in implicit VR.
        var vr: VR?
        /// The value within the header bytes; empty for bulk.
        var start: Int
        var end: Int
        /// Whether the value was cut out as bulk.
        var isBulk: Bool
        /// Whether the value is items, whatever the VR says: its length is undefined.
        var isUndefined = false
        /// How elements within the value are written.
        var encoding: DataSetEncoding
    }

    private(set) var entries: [Entry] = []
    /// Whether each tag is greater than the one before.
    private(set) var isAscending = true

    /// Walks the elements in `range`; stops at the first bytes that are no element, which only a sequence of defined length
    /// can hold, for the scanner has walked all else.
    init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ encoding: DataSetEncoding, bulk: [BulkElement]) {
        guard let start = bytes.baseAddress else { return }
        var offset = range.lowerBound
        var bulk = bulk[...]
        while range.upperBound - offset >= 8 {
            guard let header = ElementHeader.read(start + offset, available: range.upperBound - offset, encoding) else {
                return
            }
            let value = offset + header.headerLength
            var entry = Entry(
                tag: header.tag, vr: header.vr, start: value, end: value, isBulk: false,
                encoding: header.vr == .un ? .implicitLittleEndian : encoding)
            while let first = bulk.first, first.elementHeaderLength == 0 { bulk.removeFirst() }
            if let first = bulk.first, first.elementHeaderOffset == offset {
                bulk.removeFirst()
                entry.isBulk = true
                offset = value
            } else if header.isUndefined {
                guard
                    let end = SequenceWalk.end(bytes, value..<range.upperBound, entry.encoding)
                else { return }
                entry.end = end - 8
                entry.isUndefined = true
                offset = end
            } else {
                guard Int(header.length) <= range.upperBound - value else { return }
                entry.end = value + Int(header.length)
                offset = entry.end
            }
            if let last = entries.last, last.tag >= entry.tag { isAscending = false }
            entries.append(entry)
        }
    }

    /// The first element with this tag.
    subscript(tag: Tag) -> Entry? {
        guard isAscending else { return entries.first { $0.tag == tag } }
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].tag < tag { low = middle + 1 } else { high = middle }
        }
        return low < entries.count && entries[low].tag == tag ? entries[low] : nil
    }
}
