/// The Palette Color Lookup Tables of red, green and blue (PS3.3 C.7.6.3.1.5, C.7.6.3.1.6, C.7.9.2).
package enum PaletteColor {
    /// The tags of one colour's table.
    private struct Tags {
        var descriptor: Tag
        var data: Tag
        var segmented: Tag
    }

    private static let colors: [Tags] = (0..<3).map {
        Tags(
            descriptor: Tag(0x0028, 0x1101 + $0), data: Tag(0x0028, 0x1201 + $0), segmented: Tag(0x0028, 0x1221 + $0))
    }

    /// Whether a header has all three, here or as bulk.
    package static func isPresent(_ header: DataSetHeader) -> Bool {
        colors.allSatisfy {
            header.integers($0.descriptor, as: .us).count == 3
                && (header.contains($0.data) || header.contains($0.segmented))
        }
    }

    /// The tables of red, green and blue; none when one is broken or holds too few entries.
    ///
    /// - Parameters:
    ///   - isSigned: whether the values that go in are, and so the first one.
    ///   - bulk: gives a value that has been cut from the header, in the order of bytes of its encoding.
    package static func tables(
        _ header: DataSetHeader, isSigned: Bool, bulk: (Tag) throws -> [UInt8]?
    ) rethrows -> [LookupTable] {
        var tables: [LookupTable] = []
        for color in colors {
            let descriptor = header.integers(color.descriptor, as: .us)
            guard descriptor.count == 3 else { return [] }
            // A count of 0 stands for 65536.
            let count = descriptor[0] == 0 ? 65536 : descriptor[0]
            let first = isSigned ? Int(Int16(truncatingIfNeeded: descriptor[1])) : descriptor[1]
            func value(_ tag: Tag) throws -> [UInt8]? {
                guard header.isBulk(tag) else { return header.bytes(tag).map { Array($0) } }
                return try bulk(tag)
            }
            var entries: [UInt16]?
            if let bytes = try value(color.data), !bytes.isEmpty {
                entries = Self.entries(bytes, count: count, bits: descriptor[2], header.encoding.isBigEndian)
            } else if let bytes = try value(color.segmented) {
                let words = Self.words(bytes, header.encoding.isBigEndian)
                let isNarrow = descriptor[2] <= 8
                entries = Segments(isNarrow ? Self.bytes(words) : words, isNarrow: isNarrow).expanded(to: count)
            }
            guard let entries else { return [] }
            tables.append(LookupTable(firstValue: first, bitsPerEntry: descriptor[2], entries: entries))
        }
        return tables
    }

    /// Entries of 16 bits each, or of 8 bits two in a word.
    private static func entries(_ bytes: [UInt8], count: Int, bits: Int, _ isBigEndian: Bool) -> [UInt16]? {
        let words = words(bytes, isBigEndian)
        if words.count >= count { return Array(words.prefix(count)) }
        guard bits <= 8, bytes.count >= count else { return nil }
        // An odd one's word is cut in half.
        let even = bytes.count % 2 == 0 ? words : Self.words(bytes + [0], isBigEndian)
        return Array(Self.bytes(even).prefix(count))
    }

    private static func words(_ bytes: [UInt8], _ isBigEndian: Bool) -> [UInt16] {
        stride(from: 0, to: bytes.count - 1, by: 2).map {
            let (low, high) = isBigEndian ? (bytes[$0 + 1], bytes[$0]) : (bytes[$0], bytes[$0 + 1])
            return UInt16(high) << 8 | UInt16(low)
        }
    }

    /// The lower byte of each word, then the upper one.
    private static func bytes(_ words: [UInt16]) -> [UInt16] { words.flatMap { [$0 & 0xFF, $0 >> 8] } }
}

/// A segmented table: runs of values, straight lines, and runs that are used again (PS3.3 C.7.9.2).
private struct Segments {
    private let data: [UInt16]
    private let isNarrow: Bool

    init(_ data: [UInt16], isNarrow: Bool) {
        self.data = data
        self.isNarrow = isNarrow
    }

    /// The entries; nil when the segments are broken or give too few.
    func expanded(to count: Int) -> [UInt16]? {
        var entries: [UInt16] = []
        var place = 0
        while entries.count < count, place < data.count {
            guard data[place] == 2 else {
                guard let next = segment(at: place, &entries) else { return nil }
                place = next
                continue
            }
            // So many segments from a byte offset on, none of which is such a one.
            let offsetLength = isNarrow ? 4 : 2
            guard place + 1 + offsetLength < data.count else { return nil }
            var target = 0
            for step in (0..<offsetLength).reversed() {
                target = target << (isNarrow ? 8 : 16) | Int(data[place + 2 + step])
            }
            if !isNarrow { target /= 2 }
            for _ in 0..<data[place + 1] {
                guard target < data.count, data[target] != 2, entries.count < count,
                    let next = segment(at: target, &entries)
                else { return nil }
                target = next
            }
            place += 2 + offsetLength
        }
        return entries.count >= count ? Array(entries.prefix(count)) : nil
    }

    /// Adds what a discrete or linear segment gives; where the next one begins, nil when it is broken.
    private func segment(at place: Int, _ entries: inout [UInt16]) -> Int? {
        guard place + 1 < data.count else { return nil }
        let length = Int(data[place + 1])
        switch data[place] {
        case 0:
            // None adds nothing: with such ones a few bytes could go on for ever.
            guard length > 0, place + 2 + length <= data.count else { return nil }
            entries += data[place + 2..<place + 2 + length]
            return place + 2 + length
        case 1:
            guard place + 2 < data.count, let last = entries.last, length > 0 else { return nil }
            let (from, to) = (Double(last), Double(data[place + 2]))
            entries += (1...length).map { UInt16((from + (to - from) * Double($0) / Double(length)).rounded()) }
            return place + 3
        default: return nil
        }
    }
}
