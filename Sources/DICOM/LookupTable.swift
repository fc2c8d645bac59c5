/// A Modality or VOI lookup table (PS3.3 sections C.11.1 and C.11.2).
package struct LookupTable: Hashable, Sendable {
    /// The stored value that the first entry is for; values below it map to that entry.
    package var firstValue: Int
    /// The bits an entry has, 8 to 16.
    package var bitsPerEntry: Int
    /// The entries; stored values beyond the last map to it. Never empty.
    package var entries: [UInt16]
    /// LUT Explanation, decoded.
    package var explanation: String?

    init(firstValue: Int, bitsPerEntry: Int, entries: [UInt16]) {
        self.firstValue = firstValue
        self.bitsPerEntry = bitsPerEntry
        self.entries = entries
    }

    /// The table in an item of Modality LUT Sequence or VOI LUT Sequence; nil when it is broken or holds too few entries.
    ///
    /// - Parameter isSigned: Whether the values that go in may be negative: then so is the first value.
    package init?(_ item: DataSetHeader, isSigned: Bool) {
        let descriptor = item.integers(.lutDescriptor, as: .us)
        guard descriptor.count == 3 else { return nil }
        // A count of 0 stands for 65536 (PS3.3 section C.11.1.1).
        let count = descriptor[0] == 0 ? 65536 : descriptor[0]
        let first = isSigned ? Int(Int16(truncatingIfNeeded: descriptor[1])) : descriptor[1]
        let words = item.integers(.lutData, as: .us)
        if words.count >= count {
            entries = words.prefix(count).map { UInt16(truncatingIfNeeded: $0) }
        } else if let bytes = item.bytes(.lutData), descriptor[2] <= 8, bytes.count >= count {
            // Two in a word, the lower byte first.
            let isSwapped = item.encoding.isBigEndian && item.vr(of: .lutData) != .ob
            entries = (0..<count).map { place in
                let other = isSwapped ? place ^ 1 : place
                return UInt16(other < bytes.count ? bytes[bytes.startIndex + other] : 0)
            }
        } else {
            return nil
        }
        firstValue = first
        bitsPerEntry = descriptor[2]
        explanation = item.text(.lutExplanation)
    }
}
