/// Walks over sequences without recursion.
enum SequenceWalk {
    /// The end, delimiter included, of the sequence of undefined length whose first item would start `range`; nil when the
    /// range ends before it or does not follow the structure.
    static func end(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ encoding: DataSetEncoding) -> Int? {
        end(bytes, range, [Level(isItem: false, encoding: encoding)])
    }

    /// The same of an item of undefined length whose first element would start `range`.
    static func itemEnd(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ encoding: DataSetEncoding) -> Int? {
        end(bytes, range, [Level(isItem: true, encoding: encoding)])
    }

    /// The items of a sequence: where the elements of each stand.
    static func items(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ encoding: DataSetEncoding) -> [Range<Int>]
    {
        guard let start = bytes.baseAddress else { return [] }
        var items: [Range<Int>] = []
        var offset = range.lowerBound
        while range.upperBound - offset >= 8 {
            guard let item = ElementHeader.read(start + offset, available: range.upperBound - offset, encoding),
                item.tag.rawValue == 0xFFFE_E000
            else { break }
            offset += 8
            if item.isUndefined {
                guard let end = itemEnd(bytes, offset..<range.upperBound, encoding) else { break }
                items.append(offset..<(end - 8))
                offset = end
            } else {
                guard Int(item.length) <= range.upperBound - offset else { break }
                items.append(offset..<(offset + Int(item.length)))
                offset += Int(item.length)
            }
        }
        return items
    }

    private struct Level {
        var isItem: Bool
        var encoding: DataSetEncoding
    }

    private static func end(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ open: [Level]) -> Int? {
        guard let start = bytes.baseAddress else { return nil }
        var levels = open
        var offset = range.lowerBound
        while let level = levels.last {
            guard range.upperBound - offset >= 8,
                let header = ElementHeader.read(start + offset, available: range.upperBound - offset, level.encoding)
            else { return nil }
            offset += header.headerLength
            switch (level.isItem, header.tag.rawValue) {
            case (true, 0xFFFE_E00D), (false, 0xFFFE_E0DD):
                levels.removeLast()
            case (false, let tag) where tag != 0xFFFE_E000:
                return nil
            case (let isItem, _) where header.isUndefined:
                let encoding = isItem && header.vr == .un ? .implicitLittleEndian : level.encoding
                levels.append(Level(isItem: !isItem, encoding: encoding))
            default:
                guard Int(header.length) <= range.upperBound - offset else { return nil }
                offset += Int(header.length)
            }
        }
        return offset
    }
}
