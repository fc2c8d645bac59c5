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

    // The representations of PS3.5 table 6.2-1.
    package static let ae = VR(0x41, 0x45)
    package static let `as` = VR(0x41, 0x53)
    package static let at = VR(0x41, 0x54)
    package static let cs = VR(0x43, 0x53)
    package static let da = VR(0x44, 0x41)
    package static let ds = VR(0x44, 0x53)
    package static let dt = VR(0x44, 0x54)
    package static let fd = VR(0x46, 0x44)
    package static let fl = VR(0x46, 0x4C)
    package static let `is` = VR(0x49, 0x53)
    package static let lo = VR(0x4C, 0x4F)
    package static let lt = VR(0x4C, 0x54)
    package static let ob = VR(0x4F, 0x42)
    package static let od = VR(0x4F, 0x44)
    package static let of = VR(0x4F, 0x46)
    package static let ol = VR(0x4F, 0x4C)
    package static let ov = VR(0x4F, 0x56)
    package static let ow = VR(0x4F, 0x57)
    package static let pn = VR(0x50, 0x4E)
    package static let sh = VR(0x53, 0x48)
    package static let sl = VR(0x53, 0x4C)
    package static let sq = VR(0x53, 0x51)
    package static let ss = VR(0x53, 0x53)
    package static let st = VR(0x53, 0x54)
    package static let sv = VR(0x53, 0x56)
    package static let tm = VR(0x54, 0x4D)
    package static let uc = VR(0x55, 0x43)
    package static let ui = VR(0x55, 0x49)
    package static let ul = VR(0x55, 0x4C)
    package static let un = VR(0x55, 0x4E)
    package static let ur = VR(0x55, 0x52)
    package static let us = VR(0x55, 0x53)
    package static let ut = VR(0x55, 0x54)
    package static let uv = VR(0x55, 0x56)

    /// Whether both are upper-case letters, as in every representation there is.
    var isWellFormed: Bool {
        let first = rawValue >> 8
        let second = rawValue & 0xFF
        return first >= 0x41 && first <= 0x5A && second >= 0x41 && second <= 0x5A
    }

    /// Whether the standard knows it.
    package var isKnown: Bool {
        if isLong { return true }
        return switch rawValue {
        case 0x4145, 0x4153, 0x4154, 0x4353, 0x4441, 0x4453, 0x4454, 0x4644, 0x464C: true  // AE AS AT CS DA DS DT FD FL
        case 0x4953, 0x4C4F, 0x4C54, 0x504E, 0x5348, 0x534C: true  // IS LO LT PN SH SL
        case 0x5353, 0x5354, 0x544D, 0x5549, 0x554C, 0x5553: true  // SS ST TM UI UL US
        default: false
        }
    }

    /// Whether an explicit element header has two reserved bytes and a length of 32 bits (PS3.5 table 7.1-1).
    package var isLong: Bool {
        switch rawValue {
        case 0x4F42, 0x4F44, 0x4F46, 0x4F4C, 0x4F56, 0x4F57: true  // OB OD OF OL OV OW
        case 0x5351, 0x5356, 0x5543, 0x554E, 0x5552, 0x5554, 0x5556: true  // SQ SV UC UN UR UT UV
        default: false
        }
    }
}
