extension ElementScanner {
    /// Takes the next element or item header, at the top or within a sequence.
    mutating func elementHeader<Sink: DataSetSink & ~Copyable>(
        _ cursor: inout Cursor, _ sink: inout Sink
    ) throws {
        guard let level = levels.last else {
            guard let header = nextHeader(&cursor, encoding) else { return }
            return try topLevel(header, &cursor, &sink)
        }
        var encoding = level.encoding
        guard let header = nextHeader(&cursor, encoding) else { return }
        current = header
        switch (level.isItem, header.tag.rawValue) {
        case (true, 0xFFFE_E00D), (false, 0xFFFE_E0DD):
            levels.removeLast()
            try afterElement(&cursor, &sink)
        case (false, 0xFFFE_E000) where header.isUndefined:
            levels.append(Level(isItem: true, encoding: encoding, tag: level.tag))
        case (false, 0xFFFE_E000):
            try beginValue(header, &cursor, &sink)
        case (false, _):
            try broken(
                DICOMError(
                    .malformed,
                    "The sequence \(level.tag) holds \(header.tag) at byte \(position(cursor) - 8), where an item or the"
                        + " sequence delimiter belongs"), &cursor, &sink)
        case (true, _) where header.tag.group == 0xFFFE:
            try broken(
                DICOMError(
                    .malformed,
                    "An item of the sequence \(level.tag) holds \(header.tag) at byte \(position(cursor) - 8), where an"
                        + " element or the item delimiter belongs"), &cursor, &sink)
        case (true, _) where header.isUndefined:
            if header.vr == .un { encoding = .implicitLittleEndian }
            try open(header, encoding, &cursor, &sink)
        case (true, _):
            try beginValue(header, &cursor, &sink)
        }
    }

    mutating func topLevel<Sink: DataSetSink & ~Copyable>(
        _ header: ElementHeader, _ cursor: inout Cursor, _ sink: inout Sink
    ) throws {
        current = header
        if let last = lastTag {
            guard header.tag > last, header.tag.group != 0xFFFE, !encoding.isExplicit || header.vr?.isKnown == true
            else {
                return try beginTrailer(&cursor, &sink)
            }
            lastTag = header.tag
        }
        let start = position(cursor) - UInt64(header.headerLength)
        if BulkRule.isBulk(header.tag, length: header.length) {
            try releaseHeld(&cursor, &sink)
            let element = BulkElement(
                kind: .element, tag: header.tag, vr: header.vr,
                elementHeaderOffset: headerLength - header.headerLength, elementHeaderLength: header.headerLength,
                declaredLength: header.isUndefined ? nil : header.length, position: position(cursor), valueLength: 0)
            try beginBulk(element, &sink)
            if header.isUndefined {
                state = .fragmentHeader
            } else {
                try beginValue(header, &cursor, &sink)
            }
        } else if header.isUndefined {
            guard header.tag.group != 0xFFFE else {
                throw DICOMError(
                    .malformed, "The data set holds \(header.tag) at byte \(start), outside any sequence")
            }
            try open(header, header.vr == .un ? .implicitLittleEndian : encoding, &cursor, &sink)
        } else {
            try beginValue(header, &cursor, &sink)
        }
    }

    mutating func open<Sink: DataSetSink & ~Copyable>(
        _ header: ElementHeader, _ encoding: DataSetEncoding, _ cursor: inout Cursor, _ sink: inout Sink
    ) throws {
        guard levels.count < 2 * limits.depth else {
            return try broken(
                DICOMError(
                    .tooDeep,
                    "The sequence \(header.tag) at byte \(position(cursor) - UInt64(header.headerLength)) lies within"
                        + " \(limits.depth) others: more than is accepted"), &cursor, &sink)
        }
        levels.append(Level(isItem: false, encoding: encoding, tag: header.tag))
    }

    mutating func beginValue<Sink: DataSetSink & ~Copyable>(
        _ header: ElementHeader, _ cursor: inout Cursor, _ sink: inout Sink
    ) throws {
        guard !header.isUndefined else {
            return try broken(
                DICOMError(.malformed, "\(header.tag) at byte \(position(cursor) - 8) has no length"), &cursor, &sink)
        }
        state = .value
        remaining = UInt64(header.length)
        if remaining == 0 { try valueEnded(&cursor, &sink) }
    }

    mutating func valueEnded<Sink: DataSetSink & ~Copyable>(
        _ cursor: inout Cursor, _ sink: inout Sink
    ) throws {
        if state == .fragment {
            state = .fragmentHeader
        } else if destination == .bulk {
            try endBulk(&cursor, &sink)
        } else {
            state = .elementHeader
            try afterElement(&cursor, &sink)
        }
    }

    /// Hands on what was held, when a top-level element has just ended.
    mutating func afterElement<Sink: DataSetSink & ~Copyable>(
        _ cursor: inout Cursor, _ sink: inout Sink
    ) throws {
        if destination == .held, levels.isEmpty {
            try releaseHeld(&cursor, &sink)
        }
    }
}
