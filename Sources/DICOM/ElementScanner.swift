/// The state machine that walks the elements of a data set which is not deflated, while its bytes arrive.
///
/// Values are stepped over by their length; only items of undefined length are entered, with a level on `levels` and
/// never a recursion. Bytes go to the sink as runs of the fragment they arrived in; at most one element header is kept
/// between fragments, and after the pixel data at most one element (`held`), for it may prove to be a trailer.
struct ElementScanner: ~Copyable {
    /// A sequence or item of undefined length that is open.
    private struct Level {
        var isItem: Bool
        var encoding: DataSetEncoding
        /// The sequence's tag, for errors.
        var tag: Tag
    }

    private enum State {
        /// Before the first 8 bytes.
        case start
        /// Before or within an element or item header.
        case elementHeader
        /// Within `remaining` bytes of value.
        case value
        /// Before or within an item header of an encapsulated bulk value.
        case fragmentHeader
        /// Within a fragment.
        case fragment
        /// In an encapsulated bulk value whose items broke off: looking for its delimiter.
        case search
        /// In the trailer.
        case trailer
    }

    /// Where the bytes of the current run belong.
    private enum Destination {
        case header
        case held
        case bulk
    }

    private let limits: ScanLimits
    private(set) var encoding: DataSetEncoding
    private(set) var bulkElements: [BulkElement] = []
    private(set) var headerLength = 0
    /// The number of bytes of the data set before the fragment being scanned.
    private var base: UInt64 = 0

    private var state = State.start
    private var destination = Destination.header
    private var levels: [Level] = []
    private var remaining: UInt64 = 0
    /// The element whose value is being stepped over.
    private var current = ElementHeader(tag: Tag(0, 0), vr: nil, length: 0, headerLength: 8)
    /// The part of an element header that has arrived.
    private var pending: (UInt64, UInt64) = (0, 0)
    private var pendingCount = 0
    /// How much of the sequence delimiter the search has just seen.
    private var matched = 0
    /// The tag of the last top-level element when the pixel data is behind us.
    private var lastTag: Tag?
    private var held: [UInt8] = []

    init(encoding: DataSetEncoding, limits: ScanLimits) {
        self.encoding = encoding
        self.limits = limits
    }

    // MARK: Bytes arrive

    mutating func consume<Sink: DataSetSink & ~Copyable>(_ bytes: RawSpan, into sink: inout Sink) throws {
        try bytes.withUnsafeBytes { buffer in
            guard let start = buffer.baseAddress else { return }
            var cursor = Cursor(start: start, count: buffer.count)
            while cursor.index < cursor.count {
                try step(&cursor, &sink)
            }
            try flush(&cursor, &sink)
            base += UInt64(buffer.count)
        }
    }

    /// A place in the fragment being scanned; bytes from `runStart` to `index` have not been handed on.
    private struct Cursor {
        let start: UnsafeRawPointer
        let count: Int
        var index = 0
        var runStart = 0

        init(start: UnsafeRawPointer, count: Int) {
            self.start = start
            self.count = count
        }
    }

    private mutating func step<Sink: DataSetSink & ~Copyable>(_ cursor: inout Cursor, _ sink: inout Sink) throws {
        switch state {
        case .value, .fragment:
            let length = Int(min(remaining, UInt64(cursor.count - cursor.index)))
            cursor.index += length
            remaining -= UInt64(length)
            if remaining == 0 { try valueEnded(&cursor, &sink) }
        case .trailer:
            cursor.index = cursor.count
        case .search:
            try search(&cursor, &sink)
        case .fragmentHeader:
            guard let item = nextHeader(&cursor, encoding) else { return }
            try fragmentHeader(item, &cursor, &sink)
        case .start:
            guard pendingCount > 0 || cursor.count - cursor.index < 8 else {
                encoding = DataSetEncoding.shown(by: cursor.start + cursor.index, expected: encoding)
                state = .elementHeader
                return
            }
            collect(&cursor, upTo: 8)
            if pendingCount == 8 {
                let expected = encoding
                encoding = withUnsafeBytes(of: &pending) { bytes in
                    bytes.baseAddress.map { DataSetEncoding.shown(by: $0, expected: expected) } ?? expected
                }
                state = .elementHeader
                try elementHeader(&cursor, &sink)
            }
        case .elementHeader:
            try elementHeader(&cursor, &sink)
        }
    }

    /// The header at the cursor, and the cursor behind it; nil when the fragment ends within it.
    @inline(__always)
    private mutating func nextHeader(_ cursor: inout Cursor, _ encoding: DataSetEncoding) -> ElementHeader? {
        let available = cursor.count - cursor.index
        if pendingCount == 0, available >= 8,
            let header = ElementHeader.read(cursor.start + cursor.index, available: available, encoding)
        {
            cursor.index += header.headerLength
            return header
        }
        while true {
            if pendingCount >= 8 {
                let count = pendingCount
                let header = withUnsafeBytes(of: &pending) { bytes in
                    bytes.baseAddress.flatMap { ElementHeader.read($0, available: count, encoding) }
                }
                if let header {
                    pendingCount = 0
                    return header
                }
            }
            let goal = pendingCount < 8 ? 8 : ElementHeader.longest
            guard cursor.index < cursor.count else { return nil }
            collect(&cursor, upTo: goal)
            if pendingCount < goal { return nil }
        }
    }

    private mutating func collect(_ cursor: inout Cursor, upTo goal: Int) {
        withUnsafeMutableBytes(of: &pending) { bytes in
            while pendingCount < goal, cursor.index < cursor.count {
                bytes[pendingCount] = cursor.start.load(fromByteOffset: cursor.index, as: UInt8.self)
                pendingCount += 1
                cursor.index += 1
            }
        }
    }

    // MARK: Bytes end

    /// Ends the data set; gives its length.
    mutating func finish<Sink: DataSetSink & ~Copyable>(into sink: inout Sink) throws -> UInt64 {
        try withUnsafeBytes(of: UInt8(0)) { nothing in
            guard let start = nothing.baseAddress else { return }
            var cursor = Cursor(start: start, count: 0)
            try finish(&cursor, &sink)
        }
        return base
    }

    private mutating func finish<Sink: DataSetSink & ~Copyable>(_ cursor: inout Cursor, _ sink: inout Sink) throws {
        if destination == .held {
            // Whatever of an element has arrived after the pixel data is the trailer.
            guard state == .value || pendingCount > 0 || !levels.isEmpty else { return }
            try beginTrailer(&cursor, &sink)
        }
        switch state {
        case .trailer:
            try endBulk(&cursor, &sink)
        case .value where destination == .bulk && lastTag != nil:
            // A long element after the pixel data that the end cuts off: kept as it is.
            try endBulk(&cursor, &sink)
        case .fragmentHeader where pendingCount == 0:
            // Every fragment is whole and only the delimiter is missing: the end of the data is the end of the value.
            try endBulk(&cursor, &sink)
        case .value, .fragment:
            throw DICOMError(
                .truncated,
                "The data set ends at byte \(base) within \(current.tag), which declares \(current.length) bytes: only"
                    + " \(UInt64(current.length) - remaining) are present")
        case .search:
            throw DICOMError(
                .malformed,
                "The fragments of \(bulkElements.last?.tag ?? current.tag) are broken and no sequence delimiter follows up"
                    + " to the end at byte"
                    + " \(base)")
        case .start, .elementHeader, .fragmentHeader:
            if pendingCount > 0 {
                throw DICOMError(
                    .truncated,
                    "The data set ends at byte \(base) within an element header after \(current.tag): only"
                        + " \(pendingCount) bytes of at least 8 are present")
            }
            if let level = levels.last {
                throw DICOMError(
                    .truncated,
                    "The data set ends at byte \(base) within the sequence \(level.tag) of undefined length: its"
                        + " delimiter is missing")
            }
        }
    }

    // MARK: Elements

    private mutating func elementHeader<Sink: DataSetSink & ~Copyable>(
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

    private mutating func topLevel<Sink: DataSetSink & ~Copyable>(
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

    private mutating func open<Sink: DataSetSink & ~Copyable>(
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

    private mutating func beginValue<Sink: DataSetSink & ~Copyable>(
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

    private mutating func valueEnded<Sink: DataSetSink & ~Copyable>(
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
    private mutating func afterElement<Sink: DataSetSink & ~Copyable>(
        _ cursor: inout Cursor, _ sink: inout Sink
    ) throws {
        if destination == .held, levels.isEmpty {
            try releaseHeld(&cursor, &sink)
        }
    }

    // MARK: Encapsulated values

    private mutating func fragmentHeader<Sink: DataSetSink & ~Copyable>(
        _ item: ElementHeader, _ cursor: inout Cursor, _ sink: inout Sink
    ) throws {
        switch item.tag.rawValue {
        case 0xFFFE_E0DD where item.length == 0:
            try endBulk(&cursor, &sink)
        case 0xFFFE_E000 where !item.isUndefined:
            current = item
            state = .fragment
            remaining = UInt64(item.length)
            if remaining == 0 { state = .fragmentHeader }
        default:
            state = .search
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

    /// Steps over bytes up to and including the next sequence delimiter of length 0.
    private mutating func search<Sink: DataSetSink & ~Copyable>(_ cursor: inout Cursor, _ sink: inout Sink) throws {
        while cursor.index < cursor.count {
            match(cursor.start.load(fromByteOffset: cursor.index, as: UInt8.self))
            cursor.index += 1
            if matched == 8 { return try endBulk(&cursor, &sink) }
        }
    }

    /// Counts how much of the delimiter the bytes up to this one are.
    private mutating func match(_ byte: UInt8) {
        let pattern: UInt64 = encoding.isBigEndian ? 0xFFFE_E0DD_0000_0000 : 0xFEFF_DDE0_0000_0000
        if byte == UInt8(truncatingIfNeeded: pattern >> (56 - 8 * UInt64(matched))) {
            matched += 1
        } else {
            // The first byte occurs nowhere else in the pattern, so a broken match can only restart with this byte.
            matched = byte == UInt8(truncatingIfNeeded: pattern >> 56) ? 1 : 0
        }
    }

    // MARK: Runs

    private func position(_ cursor: Cursor) -> UInt64 { base + UInt64(cursor.index) }

    private mutating func flush<Sink: DataSetSink & ~Copyable>(_ cursor: inout Cursor, _ sink: inout Sink) throws {
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

    private mutating func countHeader(_ count: Int) throws {
        headerLength += count
        guard headerLength <= limits.headerBytes else {
            throw DICOMError(
                .tooLarge,
                "The header, all but bulk values, is longer than \(limits.headerBytes) bytes, at \(current.tag)")
        }
    }

    private mutating func beginBulk<Sink: DataSetSink & ~Copyable>(_ element: BulkElement, _ sink: inout Sink) throws {
        destination = .bulk
        bulkElements.append(element)
        try sink.beginBulk(element)
    }

    private mutating func endBulk<Sink: DataSetSink & ~Copyable>(_ cursor: inout Cursor, _ sink: inout Sink) throws {
        try flush(&cursor, &sink)
        try sink.endBulk()
        if BulkRule.isPixelData(bulkElements[bulkElements.count - 1].tag) {
            lastTag = bulkElements[bulkElements.count - 1].tag
        }
        destination = lastTag == nil ? .header : .held
        state = .elementHeader
    }

    /// Hands the run, or what was held, to the sink as header.
    private mutating func releaseHeld<Sink: DataSetSink & ~Copyable>(
        _ cursor: inout Cursor, _ sink: inout Sink
    ) throws {
        try flush(&cursor, &sink)
        guard destination == .held, !held.isEmpty else { return }
        try countHeader(held.count)
        try sink.header(held.span.bytes)
        held.removeAll(keepingCapacity: true)
    }

    /// Makes what was held, and all that follows, the trailer.
    private mutating func beginTrailer<Sink: DataSetSink & ~Copyable>(
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
    private mutating func broken<Sink: DataSetSink & ~Copyable>(
        _ error: DICOMError, _ cursor: inout Cursor, _ sink: inout Sink
    ) throws {
        guard destination == .held else { throw error }
        try beginTrailer(&cursor, &sink)
    }
}
