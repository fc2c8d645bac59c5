/// The state machine that walks the elements of a data set which is not deflated, while its bytes arrive.
///
/// Values are stepped over by their length; only items of undefined length are entered, with a level on `levels` and
/// never a recursion. Bytes go to the sink as runs of the fragment they arrived in; at most one element header is kept
/// between fragments, and after the pixel data at most one element (`held`), for it may prove to be a trailer.
///
/// Here: its state, and how bytes arrive. In the extensions: elements and sequences, the fragments of encapsulated values,
/// runs on their way to the sink, and the end of the data set.
struct ElementScanner: ~Copyable {
    /// A sequence or item of undefined length that is open.
    struct Level {
        var isItem: Bool
        var encoding: DataSetEncoding
        /// The sequence's tag, for errors.
        var tag: Tag
    }

    enum State {
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
    enum Destination {
        case header
        case held
        case bulk
    }

    let limits: ScanLimits
    var encoding: DataSetEncoding
    var bulkElements: [BulkElement] = []
    var headerLength = 0
    /// The number of bytes of the data set before the fragment being scanned.
    var base: UInt64 = 0

    var state = State.start
    var destination = Destination.header
    var levels: [Level] = []
    var remaining: UInt64 = 0
    /// The element whose value is being stepped over.
    var current = ElementHeader(tag: Tag(0, 0), vr: nil, length: 0, headerLength: 8)
    /// The part of an element header that has arrived.
    var pending: (UInt64, UInt64) = (0, 0)
    var pendingCount = 0
    /// How much of the sequence delimiter the search has just seen.
    var matched = 0
    /// The tag of the last top-level element when the pixel data is behind us.
    var lastTag: Tag?
    var held: [UInt8] = []
    /// The lengths of the pixel data's items; nil when they are no use.
    var fragments: [UInt32]? = []

    init(encoding: DataSetEncoding, limits: ScanLimits) {
        self.encoding = encoding
        self.limits = limits
    }

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
    struct Cursor {
        let start: UnsafeRawPointer
        let count: Int
        var index = 0
        var runStart = 0

        init(start: UnsafeRawPointer, count: Int) {
            self.start = start
            self.count = count
        }
    }

    mutating func step<Sink: DataSetSink & ~Copyable>(_ cursor: inout Cursor, _ sink: inout Sink) throws {
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
    mutating func nextHeader(_ cursor: inout Cursor, _ encoding: DataSetEncoding) -> ElementHeader? {
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

    mutating func collect(_ cursor: inout Cursor, upTo goal: Int) {
        withUnsafeMutableBytes(of: &pending) { bytes in
            while pendingCount < goal, cursor.index < cursor.count {
                bytes[pendingCount] = cursor.start.load(fromByteOffset: cursor.index, as: UInt8.self)
                pendingCount += 1
                cursor.index += 1
            }
        }
    }
}
