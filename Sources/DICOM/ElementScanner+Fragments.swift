extension ElementScanner {
    /// Takes an item header of an encapsulated value, or its delimiter (PS3.5 annex A.4).
    mutating func fragmentHeader<Sink: DataSetSink & ~Copyable>(
        _ item: ElementHeader, _ cursor: inout Cursor, _ sink: inout Sink
    ) throws {
        switch item.tag.rawValue {
        case 0xFFFE_E0DD where item.length == 0:
            try endBulk(&cursor, &sink)
        case 0xFFFE_E000 where !item.isUndefined:
            if bulkElements.last?.tag == .pixelData { note(item.length) }
            current = item
            state = .fragment
            remaining = UInt64(item.length)
            if remaining == 0 { state = .fragmentHeader }
        default:
            state = .search
            fragments = nil
            matched = 0
            // The delimiter may start within these 8 bytes.
            let length = encoding.isBigEndian ? item.length : item.length.byteSwapped
            for half in [item.tag.group, item.tag.element] {
                let half = encoding.isBigEndian ? half : half.byteSwapped
                match(UInt8(half >> 8))
                match(UInt8(truncatingIfNeeded: half))
            }
            for shift in [24, 16, 8, 0] as [UInt32] { match(UInt8(truncatingIfNeeded: length >> shift)) }
        }
    }

    private mutating func note(_ length: UInt32) {
        guard let count = fragments?.count else { return }
        if count < ScannedDataSet.mostFragments { fragments?.append(length) } else { fragments = nil }
    }

    /// Steps over bytes up to and including the next sequence delimiter of length 0.
    mutating func search<Sink: DataSetSink & ~Copyable>(_ cursor: inout Cursor, _ sink: inout Sink) throws {
        while cursor.index < cursor.count {
            match(cursor.start.load(fromByteOffset: cursor.index, as: UInt8.self))
            cursor.index += 1
            if matched == 8 { return try endBulk(&cursor, &sink) }
        }
    }

    /// Counts how much of the delimiter the bytes up to this one are.
    mutating func match(_ byte: UInt8) {
        let pattern: UInt64 = encoding.isBigEndian ? 0xFFFE_E0DD_0000_0000 : 0xFEFF_DDE0_0000_0000
        if byte == UInt8(truncatingIfNeeded: pattern >> (56 - 8 * UInt64(matched))) {
            matched += 1
        } else {
            // The first byte occurs nowhere else in the pattern, so a broken match can only restart with this byte.
            matched = byte == UInt8(truncatingIfNeeded: pattern >> 56) ? 1 : 0
        }
    }
}
