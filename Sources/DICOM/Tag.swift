/// The tag of a data element: group and element number (PS3.5 section 7.1).
package struct Tag: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The group in the upper, the element number in the lower 16 bits.
    package let rawValue: UInt32

    /// The tag with this group in the upper and element number in the lower 16 bits.
    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The tag (group,element).
    package init(_ group: UInt16, _ element: UInt16) {
        rawValue = UInt32(group) << 16 | UInt32(element)
    }

    /// The group number; odd for private elements.
    package var group: UInt16 { UInt16(truncatingIfNeeded: rawValue >> 16) }
    /// The element number within the group.
    package var element: UInt16 { UInt16(truncatingIfNeeded: rawValue) }

    /// As the standard writes it: `(0010,0020)`, upper-case digits.
    package var description: String {
        "(\(Self.hex(group)),\(Self.hex(element)))"
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.rawValue < right.rawValue
    }

    private static func hex(_ value: UInt16) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }
}
