/// A data set on its way into bytes of little endian, in explicit or implicit VR (PS3.5 section 7.1).
///
/// Elements may come in any order and stand in that of their tags; of several with one tag the last counts. Nothing is cut:
/// a value too long for the 16 bits that its VR has in explicit VR is written as UN (PS3.5 section 6.2.2, note 4).
package struct DataSetWriter {
    /// Whether headers name the VR.
    package let isExplicit: Bool
    private var elements: [(tag: Tag, bytes: [UInt8])] = []
    private var isAscending = true

    /// An empty data set, or item.
    package init(isExplicit: Bool) {
        self.isExplicit = isExplicit
    }

    /// An element of a value as its bytes stand in little endian; one of odd length gets the padding of its VR.
    package mutating func put(_ tag: Tag, _ vr: VR, _ value: some Collection<UInt8>) {
        let isOdd = value.count % 2 == 1
        var vr = vr.isKnown ? vr : .un
        if isExplicit, !vr.isLong, value.count > 0xFFFE { vr = .un }
        var bytes = header(tag, vr, value.count + (isOdd ? 1 : 0))
        bytes += value
        if isOdd { bytes.append(vr.padding) }
        add(tag, bytes)
    }

    /// A sequence of items, each with its length; they are written as this data set is.
    package mutating func put(_ tag: Tag, items: [DataSetWriter]) {
        var value: [UInt8] = []
        for item in items {
            let bytes = item.bytes
            value += [0xFE, 0xFF, 0x00, 0xE0] + Self.littleEndian(bytes.count, 4) + bytes
        }
        add(tag, header(tag, .sq, value.count) + value)
    }

    /// The bytes of the data set.
    package var bytes: [UInt8] {
        if isAscending { return elements.flatMap(\.bytes) }
        var last: [Tag: Int] = [:]
        for (place, element) in elements.enumerated() { last[element.tag] = place }
        return last.sorted { $0.key < $1.key }.flatMap { elements[$0.value].bytes }
    }

    private mutating func add(_ tag: Tag, _ bytes: [UInt8]) {
        if let last = elements.last, last.tag >= tag { isAscending = false }
        elements.append((tag, bytes))
    }

    private func header(_ tag: Tag, _ vr: VR, _ length: Int) -> [UInt8] {
        precondition(length < 0xFFFF_FFFF, "no value is longer than 4 GiB")
        var bytes = Self.littleEndian(Int(tag.group), 2) + Self.littleEndian(Int(tag.element), 2)
        guard isExplicit else { return bytes + Self.littleEndian(length, 4) }
        bytes += [UInt8(vr.rawValue >> 8), UInt8(vr.rawValue & 0xFF)]
        return bytes + (vr.isLong ? [0, 0] + Self.littleEndian(length, 4) : Self.littleEndian(length, 2))
    }

    static func littleEndian(_ number: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
}

extension VR {
    /// What makes a value of odd length even (PS3.5 section 6.2).
    fileprivate var padding: UInt8 {
        switch self {
        case .ae, .as, .cs, .da, .ds, .dt, .is, .lo, .lt, .pn, .sh, .st, .tm, .uc, .ur, .ut: 0x20
        default: 0
        }
    }
}
