/// Values as texts, and elements of other data sets.
extension DataSetWriter {
    /// The most sequences within each other that are written; deeper ones have no items.
    private static let deepest = 64

    /// An element of the values that ``DataSetHeader/valueTexts(_:as:)`` gives.
    ///
    /// - Returns: false when the character set cannot hold them: then nothing is written.
    package mutating func put(_ tag: Tag, _ vr: VR, texts: [String], in set: SpecificCharacterSet) -> Bool {
        guard let value = Self.value(vr, texts, in: set) else { return false }
        put(tag, vr, value)
        return true
    }

    /// An element as another data set has it, text in another character set; without a value if it is bulk or absent there.
    ///
    /// - Parameters:
    ///   - vr: the VR where that data set's own header names none that is known.
    ///   - depth: how many sequences it is in.
    /// - Returns: false when the character set cannot hold it: then nothing is written.
    package mutating func put(
        _ tag: Tag, of header: DataSetHeader, as vr: VR? = nil, in set: SpecificCharacterSet, depth: Int = 0
    ) -> Bool {
        guard let entry = header.index[tag], !entry.isBulk else {
            put(tag, vr ?? .un, [])
            return true
        }
        let own = JSONValue.vr(entry, isSigned: header.integer(.pixelRepresentation) == 1)
        let vr = own == .un ? vr ?? own : own
        if vr == .sq {
            guard depth < Self.deepest else {
                put(tag, items: [])
                return true
            }
            var items: [DataSetWriter] = []
            for item in header.items(tag) {
                guard let item = Self.item(item, isExplicit, in: set, depth: depth + 1) else { return false }
                items.append(item)
            }
            put(tag, items: items)
            return true
        }
        guard !entry.isUndefined else {
            put(tag, vr, [])
            return true
        }
        if vr.takesCharacterSet {
            let isWhole = vr.form == .text
            let texts = isWhole ? header.text(tag).map { [$0] } ?? [] : header.texts(tag)
            return put(tag, vr, texts: texts, in: set)
        }
        put(tag, vr, Self.littleEndian(header.bytes[entry.start..<entry.end], vr, entry.encoding))
        return true
    }

    /// All elements of an item but its character set, in another one; nil when that cannot hold them.
    private static func item(
        _ header: DataSetHeader, _ isExplicit: Bool, in set: SpecificCharacterSet, depth: Int
    ) -> DataSetWriter? {
        var writer = DataSetWriter(isExplicit: isExplicit)
        for tag in header.tags where tag != .specificCharacterSet && tag.element != 0 {
            guard writer.put(tag, of: header, in: set, depth: depth) else { return nil }
        }
        return writer
    }

    private static func value(_ vr: VR, _ texts: [String], in set: SpecificCharacterSet) -> [UInt8]? {
        switch vr {
        case .us, .ss: return texts.flatMap { littleEndian(Int($0) ?? 0, 2) }
        case .ul, .sl: return texts.flatMap { littleEndian(Int($0) ?? 0, 4) }
        case .uv: return texts.flatMap { littleEndian(Int(truncatingIfNeeded: UInt64($0) ?? 0), 8) }
        case .sv: return texts.flatMap { littleEndian(Int($0) ?? 0, 8) }
        case .fl: return texts.flatMap { littleEndian(Int((Float($0) ?? 0).bitPattern), 4) }
        case .fd: return texts.flatMap { littleEndian(Int(truncatingIfNeeded: (Double($0) ?? 0).bitPattern), 8) }
        case .at:
            return texts.flatMap { text in
                let tag = Int(text, radix: 16) ?? 0
                return littleEndian(tag >> 16, 2) + littleEndian(tag & 0xFFFF, 2)
            }
        default: break
        }
        let text = texts.joined(separator: "\\")
        if vr.takesCharacterSet { return set.encode(text, isPersonName: vr == .pn) }
        // No text of a character set: bytes as they were read.
        return SpecificCharacterSet.latin1.encode(text) ?? Array(text.utf8)
    }

    private static func littleEndian(_ value: ArraySlice<UInt8>, _ vr: VR, _ encoding: DataSetEncoding) -> [UInt8] {
        var bytes = Array(value)
        let width: Int
        switch vr.form {
        // An AT is two numbers.
        case .numbers(let bytes): width = vr == .at ? 2 : bytes
        case .bytes(let bytes): width = bytes
        default: width = 1
        }
        guard encoding.isBigEndian, width > 1, bytes.count >= width else { return bytes }
        for start in stride(from: 0, through: bytes.count - width, by: width) {
            bytes[start..<start + width].reverse()
        }
        return bytes
    }
}
