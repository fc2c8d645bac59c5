/// A value representation as two letters (PS3.5 section 6.2); letters the standard does not know are kept too.
package struct VR: Hashable, Sendable, CustomStringConvertible {
    /// The first letter in the upper, the second in the lower 8 bits.
    package let rawValue: UInt16

    /// The representation with the first letter in the upper and the second in the lower 8 bits.
    package init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    init(_ first: UInt8, _ second: UInt8) {
        rawValue = UInt16(first) << 8 | UInt16(second)
    }

    /// The two letters.
    package var description: String {
        String(decoding: [UInt8(rawValue >> 8), UInt8(rawValue & 0xFF)], as: UTF8.self)
    }

    package static let SQ = VR(0x53, 0x51)
    package static let UN = VR(0x55, 0x4E)
    package static let OB = VR(0x4F, 0x42)
    package static let OW = VR(0x4F, 0x57)

    /// Whether both are upper-case letters, as in every representation there is.
    var isWellFormed: Bool {
        let first = rawValue >> 8
        let second = rawValue & 0xFF
        return first >= 0x41 && first <= 0x5A && second >= 0x41 && second <= 0x5A
    }

    /// Whether the standard knows it.
    package var isKnown: Bool { isLong || Self.short.contains(rawValue) }

    /// Whether an explicit element header has two reserved bytes and a length of 32 bits (PS3.5 table 7.1-1).
    package var isLong: Bool {
        switch rawValue {
        case 0x4F42, 0x4F44, 0x4F46, 0x4F4C, 0x4F56, 0x4F57: true  // OB OD OF OL OV OW
        case 0x5351, 0x5356: true  // SQ SV
        case 0x5543, 0x554E, 0x5552, 0x5554, 0x5556: true  // UC UN UR UT UV
        default: false
        }
    }

    private static let short: Set<UInt16> = Set(
        ["AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "PN", "SH", "SL", "SS", "ST", "TM"]
            + ["UI", "UL", "US"]).reduce(into: []) { set, name in
            let letters = Array(name.utf8)
            set.insert(VR(letters[0], letters[1]).rawValue)
        }
}
