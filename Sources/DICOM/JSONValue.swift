import FoundationEssentials

/// A data element on its way into JSON: the VR it has there, and its value.
struct JSONValue {
    let vr: VR
    private let entry: ElementIndex.Entry
    private let header: DataSetHeader
    private let isSigned: Bool

    /// Nil when it has no value that JSON could have: it is encapsulated.
    init?(_ entry: ElementIndex.Entry, in header: DataSetHeader, isSigned: Bool) {
        self.entry = entry
        self.header = header
        self.isSigned = isSigned
        // Its value is ours, whatever its header says.
        var vr = entry.tag == .specificCharacterSet ? .cs : Self.vr(entry, isSigned: isSigned)
        if entry.isUndefined, vr != .sq { return nil }
        let length = entry.end - entry.start
        switch vr.form {
        case .numbers(let width) where length % width != 0: vr = .un
        // Items of defined length begin with an item.
        case .items where length > 0 && Self.items(entry, header).isEmpty: vr = .un
        default: break
        }
        self.vr = vr
    }

    /// The VR of the element, as `DataSetHeader.vr(of:)` has it. Where the standard leaves a choice of US or SS to Pixel
    /// Representation it is made by that; where of US or OW, it is OW.
    static func vr(_ entry: ElementIndex.Entry, isSigned: Bool) -> VR {
        if let vr = entry.vr, vr != .un { return vr.isKnown ? vr : .un }
        if entry.isUndefined { return .sq }
        switch entry.tag.rawValue {
        case 0x0028_0106...0x0028_0111, 0x0028_0120, 0x0028_0121, 0x0028_1101...0x0028_1103, 0x0028_3002, 0x0040_9211,
            0x0040_9216:
            return isSigned ? .ss : .us
        case 0x0028_3006: return .ow
        default: break
        }
        if let vr = DataDictionary.vr(of: entry.tag) { return vr }
        // A private creator (PS3.5 section 7.8.1).
        return entry.tag.group % 2 == 1 && (0x10...0xFF).contains(entry.tag.element) ? .lo : .un
    }

    /// Adds what follows the VR in the element's object: nothing for an empty value.
    func write(to text: inout JSONText, depth: Int) {
        if entry.tag == .specificCharacterSet { return text.plain(",\"Value\":[\"ISO_IR 192\"]") }
        guard entry.end > entry.start else { return }
        switch vr.form {
        case .items:
            guard depth < DataSetHeader.deepestJSON else { return }
            text.plain(",\"Value\":")
            text.array(Self.items(entry, header)) { text, range in
                let item = DataSetHeader(
                    header.bytes, range, entry.encoding, [], inherited: header.characterSet)
                item.writeObject(to: &text, depth: depth + 1, isSigned: isSigned)
            }
        case .numbers(let width): writeNumbers(width, to: &text)
        case .bytes(let width):
            text.plain(",\"InlineBinary\":\"")
            text.plain(Data(littleEndian(width)).base64EncodedData())
            text.plain("\"")
        case .text, .texts, .decimals, .integers, .names: writeTexts(to: &text)
        }
    }

    private static func items(_ entry: ElementIndex.Entry, _ header: DataSetHeader) -> [Range<Int>] {
        header.bytes.withUnsafeBytes { SequenceWalk.items($0, entry.start..<entry.end, entry.encoding) }
    }

    /// The bytes with the lowest of each number first (PS3.18 section F.2.7).
    private func littleEndian(_ width: Int) -> [UInt8] {
        var bytes = Array(header.bytes[entry.start..<entry.end])
        guard entry.encoding.isBigEndian, width > 1 else { return bytes }
        for start in stride(from: 0, through: bytes.count - width, by: width) {
            bytes[start..<start + width].reverse()
        }
        return bytes
    }

    private func writeNumbers(_ width: Int, to text: inout JSONText) {
        text.plain(",\"Value\":")
        text.array(stride(from: entry.start, to: entry.end, by: width)) { text, start in
            var bits: UInt64 = 0
            for place in 0..<width {
                bits =
                    bits << 8
                    | UInt64(header.bytes[entry.encoding.isBigEndian ? start + place : start + width - 1 - place])
            }
            switch vr {
            case .ss: text.plain(String(Int16(truncatingIfNeeded: bits)))
            case .sl: text.plain(String(Int32(truncatingIfNeeded: bits)))
            case .sv: text.plain(String(Int64(bitPattern: bits)))
            case .fl: Self.write(Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits))), to: &text)
            case .fd: Self.write(Double(bitPattern: bits), to: &text)
            case .at:
                // Two numbers of 16 bits, each in the byte order of the data set.
                let tag = entry.encoding.isBigEndian ? bits : bits << 16 & 0xFFFF_0000 | bits >> 16
                let digits = String(tag, radix: 16, uppercase: true)
                text.string(String(repeating: "0", count: 8 - digits.count) + digits)
            default: text.plain(String(bits))
            }
        }
    }

    /// What JSON has no number for is a string (PS3.18 section F.2.3).
    private static func write(_ number: Double, to text: inout JSONText) {
        if number.isFinite { return text.plain(number.description) }
        text.string(number.isNaN ? "NaN" : number < 0 ? "-inf" : "inf")
    }

    private func writeTexts(to text: inout JSONText) {
        let bytes = header.bytes[entry.start..<entry.end]
        let set: SpecificCharacterSet = vr.takesCharacterSet ? header.characterSet : .latin1
        if vr.form == .text {
            let value = Self.trimmed(set.decode(bytes))
            guard !value.isEmpty else { return }
            text.plain(",\"Value\":")
            return text.array([value]) { $0.string($1) }
        }
        // One by one: a hostile value has millions.
        var count = 0
        var isOpen = false
        set.forEachValue(bytes, isPersonName: vr == .pn) { value in
            let value = Self.trimmed(value)
            count += 1
            // Alone, an empty value is none.
            if count == 1, value.isEmpty { return true }
            text.plain(isOpen ? "," : count == 1 ? ",\"Value\":[" : ",\"Value\":[null,")
            isOpen = true
            write(value, to: &text)
            return !text.isTooLong
        }
        if isOpen { text.plain("]") }
    }

    private func write(_ value: String, to text: inout JSONText) {
        if value.isEmpty { return text.plain("null") }
        switch vr.form {
        case .integers: text.numberOrString(JSONNumber.integer(value), value)
        case .decimals: text.numberOrString(JSONNumber.decimal(value), value)
        case .names: Self.writeName(value, to: &text)
        default: text.string(value)
        }
    }

    /// The component groups of a person name (PS3.5 section 6.2.1) that are not empty.
    private static func writeName(_ value: String, to text: inout JSONText) {
        let groups = value.split(separator: "=", maxSplits: 2, omittingEmptySubsequences: false).map {
            trimmed(String($0))
        }
        let named = zip(["Alphabetic", "Ideographic", "Phonetic"], groups).filter { !$1.isEmpty }
        guard !named.isEmpty else { return text.plain("null") }
        text.plain("{")
        for (place, (name, group)) in named.enumerated() {
            text.plain(place == 0 ? "\"\(name)\":" : ",\"\(name)\":")
            text.string(group)
        }
        text.plain("}")
    }

    /// Cut at a NUL, without spaces at its end: those at its beginning can be meant.
    private static func trimmed(_ value: String) -> String {
        var part = value.unicodeScalars.prefix { $0 != "\0" }
        while part.last == " " { part.removeLast() }
        return String(part)
    }
}

extension JSONText {
    fileprivate mutating func numberOrString(_ number: String?, _ text: String) {
        if let number { plain(number) } else { string(text) }
    }
}
