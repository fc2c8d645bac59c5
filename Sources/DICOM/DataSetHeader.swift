/// The elements of a data set without its bulk values, or those of an item of a sequence within it.
///
/// Made from the bytes a `DataSetScanner` gave as header and what it found. Making it notes where each element stands; values
/// are decoded only when asked for, items looked into only when asked for. A value; any number of threads may read it.
/// An element that is absent, empty, bulk or not of the kind asked for reads as nil or as no values.
package struct DataSetHeader: Sendable {
    let bytes: [UInt8]
    let index: ElementIndex
    /// How the elements are written.
    package let encoding: DataSetEncoding
    /// The set the text is in: declared by (0008,0005) here or around the item, else the default.
    package let characterSet: SpecificCharacterSet

    /// The header of a scanned data set.
    ///
    /// - Parameters:
    ///   - bytes: The header bytes, derived or not.
    ///   - scanned: What the scan found.
    ///   - defaultCharacterSet: The set of text when the data set declares none.
    package init(
        _ bytes: [UInt8], _ scanned: ScannedDataSet, defaultCharacterSet: SpecificCharacterSet = .latin1
    ) {
        self.init(
            bytes, encoding: scanned.encoding, bulk: scanned.bulkElements, defaultCharacterSet: defaultCharacterSet)
    }

    /// The header of a data set of this encoding, from which these values have been cut.
    package init(
        _ bytes: [UInt8], encoding: DataSetEncoding, bulk: [BulkElement],
        defaultCharacterSet: SpecificCharacterSet = .latin1
    ) {
        self.init(bytes, 0..<bytes.count, encoding, bulk, inherited: defaultCharacterSet)
    }

    init(
        _ bytes: [UInt8], _ range: Range<Int>, _ encoding: DataSetEncoding, _ bulk: [BulkElement],
        inherited: SpecificCharacterSet
    ) {
        self.bytes = bytes
        self.encoding = encoding
        let index = bytes.withUnsafeBytes { ElementIndex($0, range, encoding, bulk: bulk) }
        self.index = index
        let entry = index[.specificCharacterSet].flatMap { $0.isUndefined ? nil : $0 }
        let declaration = entry.map { bytes[$0.start..<$0.end] } ?? []
        let declared = String(decoding: declaration, as: UTF8.self)
        let terms = declared.split(separator: "\\", omittingEmptySubsequences: false).map { Self.trimmed($0) }
        characterSet = terms.allSatisfy(\.isEmpty) ? inherited : SpecificCharacterSet(terms)
    }

    /// The tags present, in the order of the data set; bulk elements included.
    package var tags: [Tag] { index.entries.map(\.tag) }

    /// Whether the element is there, be it empty or bulk.
    package func contains(_ tag: Tag) -> Bool { index[tag] != nil }

    /// Whether the element's value has been cut out as bulk.
    package func isBulk(_ tag: Tag) -> Bool { index[tag]?.isBulk == true }

    /// The VR the element's header names, or the data dictionary's where it names none; nil when neither knows, or the
    /// element is absent.
    package func vr(of tag: Tag) -> VR? {
        index[tag].flatMap { $0.vr == nil || $0.vr == .un ? DataDictionary.vr(of: tag) ?? $0.vr : $0.vr }
    }

    /// The value's bytes as they are, unless they are items; numbers are in the byte order of `encoding`.
    package func bytes(_ tag: Tag) -> ArraySlice<UInt8>? {
        value(tag).map { bytes[$0.start..<$0.end] }
    }

    /// The element, if its value is here and no items.
    func value(_ tag: Tag) -> ElementIndex.Entry? { index[tag].flatMap { $0.isBulk || $0.isUndefined ? nil : $0 } }

    /// The items of a sequence; none for an element that is no sequence.
    package func items(_ tag: Tag) -> SequenceItems {
        guard let entry = index[tag], !entry.isBulk else { return SequenceItems(ranges: [], header: self, encoding) }
        let ranges = bytes.withUnsafeBytes { SequenceWalk.items($0, entry.start..<entry.end, entry.encoding) }
        return SequenceItems(ranges: ranges, header: self, entry.encoding)
    }

    /// The item at this place of a sequence, counted from 0.
    package func item(_ tag: Tag, _ place: Int = 0) -> DataSetHeader? {
        let items = items(tag)
        return items.indices.contains(place) ? items[place] : nil
    }

    /// A data set that has nothing but one element, which was cut from this one.
    package func alone(_ element: BulkElement, _ value: [UInt8]) -> DataSetHeader {
        let start = element.elementHeaderOffset
        let head = bytes[min(start, bytes.count)..<min(start + element.elementHeaderLength, bytes.count)]
        let whole = Array(head) + value
        return DataSetHeader(whole, 0..<whole.count, encoding, [], inherited: characterSet)
    }

    static func trimmed(_ text: Substring) -> String {
        var part = text.unicodeScalars[...]
        while let scalar = part.first, scalar == " " || scalar == "\0" { part.removeFirst() }
        while let scalar = part.last, scalar == " " || scalar == "\0" { part.removeLast() }
        return String(part)
    }
}
