/// Puts commands and data sets into P-DATA-TF PDUs (PS3.8 9.3.5), each with one presentation data value.
struct PDataWriter {
    /// Bytes that are sent at once.
    private static let batch = 256 << 10
    /// Bytes of the largest buffer that is kept for the next.
    private static let mostKept = 2 << 20
    private let longest: Int
    private var bytes: [UInt8] = []
    /// Where the PDU that is being written begins; nil when none is.
    private var start: Int?
    private var isCommand = false
    private var context: UInt8 = 0
    /// Whether nothing is to be sent before ``flush(send:)``, however much it is.
    private var isHeld = false

    /// - Parameter peerLongest: bytes of the longest PDU that the peer takes, at least a value's head and two bytes; 0 for any.
    init(peerLongest: UInt32) {
        // Even, as values are to be.
        longest = peerLongest == 0 ? Self.batch : min(Int(peerLongest), Self.batch) & ~1
    }

    /// Begins, or continues, the values of a command or a data set.
    mutating func begin(isCommand: Bool, context: UInt8) {
        self.isCommand = isCommand
        self.context = context
    }

    /// Adds bytes; `send` gets what is complete when that is much.
    mutating func append<Failure: Error>(
        _ more: UnsafeRawBufferPointer, send: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        var rest = more[...]
        while !rest.isEmpty {
            if let start, bytes.count - start - PDU.headerLength == longest {
                close(isLast: false)
                if bytes.count >= Self.batch, !isHeld { try flush(send: send) }
            }
            let start = open()
            let part = rest.prefix(longest - (bytes.count - start - PDU.headerLength))
            bytes.append(contentsOf: part)
            rest = rest.dropFirst(part.count)
        }
    }

    /// Keeps what is written from now on, so that it can be taken back.
    ///
    /// - Returns: for ``takeBack(to:)``.
    mutating func hold() -> Int {
        isHeld = true
        return bytes.count
    }

    /// Takes back what was written since ``hold()``.
    mutating func takeBack(to place: Int) {
        isHeld = false
        start = nil
        bytes.removeSubrange(place...)
    }

    /// Ends the command or data set: its last value says so.
    mutating func end() {
        _ = open()
        close(isLast: true)
    }

    /// Gives all that is complete.
    mutating func flush<Failure: Error>(send: (UnsafeRawBufferPointer) throws(Failure) -> Void) throws(Failure) {
        isHeld = false
        defer { bytes.removeAll(keepingCapacity: bytes.capacity <= Self.mostKept) }
        try bytes.span.bytes.withUnsafeBytes { bytes throws(Failure) in try send(bytes) }
    }

    private mutating func open() -> Int {
        if let start { return start }
        let start = bytes.count
        self.start = start
        if bytes.capacity == 0 { bytes.reserveCapacity(Self.batch + longest) }
        bytes.append(contentsOf: [PDU.data, 0, 0, 0, 0, 0, 0, 0, 0, 0, context, 0])
        return start
    }

    private mutating func close(isLast: Bool) {
        guard let start else { return }
        let body = UInt32(bytes.count - start - PDU.headerLength)
        bytes.replaceSubrange(start + 2..<start + 6, with: body.bigEndianBytes)
        bytes.replaceSubrange(start + 6..<start + 10, with: (body - 4).bigEndianBytes)
        bytes[start + 11] = (isCommand ? 1 : 0) | (isLast ? 2 : 0)
        self.start = nil
    }
}
