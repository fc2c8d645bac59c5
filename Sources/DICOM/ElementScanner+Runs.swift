extension ElementScanner {
    /// Where the cursor is in the data set.
    func position(_ cursor: Cursor) -> UInt64 { base + UInt64(cursor.index) }

    /// Hands on what was passed since the last run, to where it belongs.
    mutating func flush<Sink: DataSetSink & ~Copyable>(_ cursor: inout Cursor, _ sink: inout Sink) throws {
        let count = cursor.index - cursor.runStart
        guard count > 0 else { return }
        let run = UnsafeRawBufferPointer(start: cursor.start + cursor.runStart, count: count)
        cursor.runStart = cursor.index
        switch destination {
        case .header:
            try countHeader(count)
            try sink.header(run.bytes)
        case .bulk:
            bulkElements[bulkElements.count - 1].valueLength += UInt64(count)
            try sink.bulk(run.bytes)
        case .held:
            held.append(contentsOf: run)
            if held.count > Int(BulkRule.threshold) + ElementHeader.longest { try beginTrailer(&cursor, &sink) }
        }
    }

    mutating func countHeader(_ count: Int) throws {
        headerLength += count
        guard headerLength <= limits.headerBytes else {
            throw DICOMError(
                .tooLarge,
                "The header, all but bulk values, is longer than \(limits.headerBytes) bytes, at \(current.tag)")
        }
    }

    mutating func beginBulk<Sink: DataSetSink & ~Copyable>(_ element: BulkElement, _ sink: inout Sink) throws {
        destination = .bulk
        bulkElements.append(element)
        try sink.beginBulk(element)
    }

    mutating func endBulk<Sink: DataSetSink & ~Copyable>(_ cursor: inout Cursor, _ sink: inout Sink) throws {
        try flush(&cursor, &sink)
        try sink.endBulk()
        if BulkRule.isPixelData(bulkElements[bulkElements.count - 1].tag) {
            lastTag = bulkElements[bulkElements.count - 1].tag
        }
        destination = lastTag == nil ? .header : .held
        state = .elementHeader
    }

    /// Hands the run, or what was held, to the sink as header.
    mutating func releaseHeld<Sink: DataSetSink & ~Copyable>(
        _ cursor: inout Cursor, _ sink: inout Sink
    ) throws {
        try flush(&cursor, &sink)
        guard destination == .held, !held.isEmpty else { return }
        try countHeader(held.count)
        try sink.header(held.span.bytes)
        held.removeAll(keepingCapacity: true)
    }

    /// Makes what was held, and all that follows, the trailer.
    mutating func beginTrailer<Sink: DataSetSink & ~Copyable>(
        _ cursor: inout Cursor, _ sink: inout Sink
    ) throws {
        let unheld = cursor.index - cursor.runStart
        let start = position(cursor) - UInt64(unheld + held.count)
        try beginBulk(
            BulkElement(
                kind: .trailer, tag: Tag(0, 0), vr: nil, elementHeaderOffset: headerLength, elementHeaderLength: 0,
                declaredLength: nil, position: start, valueLength: 0), &sink)
        if !held.isEmpty {
            bulkElements[bulkElements.count - 1].valueLength += UInt64(held.count)
            try sink.bulk(held.span.bytes)
            held = []
        }
        levels = []
        state = .trailer
    }

    /// Ends a sequence that cannot be followed: an error, or the start of the trailer after the pixel data.
    mutating func broken<Sink: DataSetSink & ~Copyable>(
        _ error: DICOMError, _ cursor: inout Cursor, _ sink: inout Sink
    ) throws {
        guard destination == .held else { throw error }
        try beginTrailer(&cursor, &sink)
    }
}
