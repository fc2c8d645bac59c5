extension DataSetHeader {
    /// The most sequences within each other that ``json(limit:)`` goes into; deeper ones have no items there.
    package static let deepestJSON = 64

    /// Grows with every change of the text that the same header becomes.
    package static let jsonEpoch = 1

    /// The data set in the DICOM JSON Model (PS3.18 annex F), in UTF-8: what is in the header, that is no bulk.
    ///
    /// Left out are elements whose value was cut out, encapsulated values, group lengths, and groups 0000, 0002 and FFFE.
    /// Elements are in the order of their tags; of several with one tag the first counts. Specific Character Set is
    /// `ISO_IR 192`. A value that its VR cannot have is of VR UN, or a string instead of a number.
    ///
    /// - Parameter limit: the most bytes wanted.
    /// - Returns: nil when it would be longer. Memory and time grow with the length of the header, whatever is in it.
    package func json(limit: Int) -> [UInt8]? {
        var text = JSONText(limit: limit)
        writeObject(to: &text, depth: 0, isSigned: false)
        return text.isTooLong ? nil : text.bytes
    }

    /// - Parameters:
    ///   - depth: how many sequences it is in.
    ///   - isSigned: whether the pixels of the data set around it are.
    func writeObject(to text: inout JSONText, depth: Int, isSigned: Bool) {
        let isSigned = contains(.pixelRepresentation) ? integer(.pixelRepresentation) == 1 : isSigned
        text.plain("{")
        var isFirst = true
        for entry in entriesInOrder where !text.isTooLong {
            guard Self.isInJSON(entry), let value = JSONValue(entry, in: self, isSigned: isSigned) else { continue }
            if !isFirst { text.plain(",") }
            isFirst = false
            text.plain("\"")
            text.plain(Self.name(entry.tag))
            text.plain("\":{\"vr\":\"")
            text.plain(value.vr.description)
            text.plain("\"")
            value.write(to: &text, depth: depth)
            text.plain("}")
        }
        text.plain("}")
    }

    private static func isInJSON(_ entry: ElementIndex.Entry) -> Bool {
        switch entry.tag.group {
        case 0x0000, 0x0002, 0xFFFE: false
        default: entry.tag.element != 0 && !entry.isBulk
        }
    }

    /// By tag, the first of each.
    private var entriesInOrder: [ElementIndex.Entry] {
        if index.isAscending { return index.entries }
        var last: Tag?
        return index.entries.enumerated()
            .sorted { ($0.element.tag, $0.offset) < ($1.element.tag, $1.offset) }
            .compactMap { _, entry in
                defer { last = entry.tag }
                return entry.tag == last ? nil : entry
            }
    }

    /// Eight digits in upper case.
    private static func name(_ tag: Tag) -> [UInt8] {
        (0..<8).map { place in
            let digit = UInt8(truncatingIfNeeded: tag.rawValue >> (28 - 4 * UInt32(place)) & 15)
            return digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10
        }
    }
}
