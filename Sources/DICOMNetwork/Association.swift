/// An association that was agreed on, from either side (PS3.8).
///
/// Used by the one thread that serves it, or works through it. After an ``AssociationEnd`` nothing more can be sent.
package final class Association {
    package let info: AssociationInfo
    let stream: any ByteStream
    /// The contexts that were accepted, by id.
    let contexts: [UInt8: PresentationContext]
    let extendedNegotiation: [String: [UInt8]]
    let limits: AssociationLimits
    private let reader: PDUReader
    private var writer: PDataWriter
    /// What is left of the PDVs of the last P-DATA-TF PDU.
    private var values = UnsafeRawBufferPointer(start: nil, count: 0)
    /// What has come of the next message.
    var incoming = IncomingMessage()
    private var lastMessageID: UInt16 = 0
    /// Whether a PDU was sent in part: nothing can be said after that.
    private var isCutOff = false

    /// - Parameters:
    ///   - longest: bytes of the longest PDU that we offered to take.
    ///   - peerLongest: of the longest that the peer takes; 0 for any.
    init(
        _ stream: any ByteStream, info: AssociationInfo, contexts: [PresentationContext],
        extendedNegotiation: [String: [UInt8]], longest: Int, peerLongest: UInt32, limits: AssociationLimits
    ) {
        self.stream = stream
        self.info = info
        self.contexts = Dictionary(uniqueKeysWithValues: contexts.map { ($0.id, $0) })
        self.extendedNegotiation = extendedNegotiation
        self.limits = limits
        reader = PDUReader(stream, longest: longest)
        writer = PDataWriter(peerLongest: peerLongest)
    }

    /// A presentation data value (PS3.8 annex E.2).
    struct PDV {
        var context: UInt8
        var isCommand: Bool
        var isLast: Bool
        /// In a buffer that the next call reuses.
        var bytes: UnsafeRawBufferPointer
    }

    /// Waits for the next presentation data value.
    func nextValue() throws(AssociationEnd) -> PDV {
        if values.isEmpty { values = try nextData() }
        let length = values.count < 4 ? 0 : values[..<4].reduce(0) { $0 << 8 | Int($1) }
        guard length >= 2, length <= values.count - 4 else {
            throw .protocolError(
                "a presentation data value of \(length) bytes in a PDU that has \(values.count) left", .invalidParameter
            )
        }
        let value = UnsafeRawBufferPointer(rebasing: values[4..<4 + length])
        values = UnsafeRawBufferPointer(rebasing: values[(4 + length)...])
        return PDV(
            context: value[0], isCommand: value[1] & 1 != 0, isLast: value[1] & 2 != 0,
            bytes: UnsafeRawBufferPointer(rebasing: value[2...]))
    }

    /// Whether ``nextValue()`` would return at once.
    var hasValue: Bool { !values.isEmpty || reader.hasNext }

    /// Whether the peer has said something, or has ended the association.
    var hasInput: Bool { !values.isEmpty || reader.hasInput }

    /// Waits until the peer says something, or ends the association; false when it does not in that time.
    func hasInput(within milliseconds: Int) -> Bool { hasInput || stream.connection.isReadable(within: milliseconds) }

    /// The body of the next P-DATA-TF PDU.
    private func nextData() throws(AssociationEnd) -> UnsafeRawBufferPointer {
        switch Result(catching: { () throws(AssociationEnd) in try nextPDU(until: limits.deadline) }) {
        case .success((PDU.releaseRequest, _)?): throw .released
        case .success(let pdu):
            // Also when more has come: a peer that keeps sending would not notice that its connection is read no more.
            try limits.check()
            switch pdu {
            case (PDU.data, let body)?:
                guard !body.isEmpty else { throw .protocolError("a PDU of data without a value", .invalidParameter) }
                return body
            case (PDU.abort, _)?: throw .aborted
            case (let type, _)?: throw .protocolError("a PDU of type \(type)", .unexpectedPDU)
            case nil: throw .closed
            }
        case .failure(let end):
            try limits.check()
            throw end
        }
    }

    /// The next PDU; nil at the end of the connection.
    private func nextPDU(
        until deadline: ContinuousClock.Instant
    ) throws(AssociationEnd) -> (type: UInt8, body: UnsafeRawBufferPointer)? {
        do throws(PDUFailure) { return try reader.next(until: deadline) } catch {
            switch error {
            case .stream(.timedOut): throw .silent
            case .stream(.stopped): throw .stopped
            case .stream(.closed): throw .closed
            case .illegal(let what, let abort): throw .protocolError(what, abort)
            }
        }
    }

    // MARK: - Sending

    /// The Message ID of a request that we are about to make.
    func takeMessageID() -> UInt16 {
        lastMessageID = lastMessageID &+ 1 == 0 ? 1 : lastMessageID &+ 1
        return lastMessageID
    }

    /// Sends what a body writes, as the values of a command or of a data set. Not before ``flush()``.
    func write(_ bytes: RawSpan, isCommand: Bool, on context: UInt8) throws(AssociationEnd) {
        writer.begin(isCommand: isCommand, context: context)
        try bytes.withUnsafeBytes { bytes throws(AssociationEnd) in
            try writer.append(bytes) { bytes throws(AssociationEnd) in
                // Between two PDUs: the peer can still be told.
                try limits.check()
                try send(bytes)
            }
        }
    }

    /// Keeps what is written until ``flush()``, so that it can be taken back: the number is for ``takeBack(to:)``.
    func hold() -> Int { writer.hold() }

    /// Takes back what was written since ``hold()``.
    func takeBack(to place: Int) { writer.takeBack(to: place) }

    /// Ends the command or the data set that is being written.
    func endValue() { writer.end() }

    /// Sends what has been written.
    func flush() throws(AssociationEnd) {
        try writer.flush { bytes throws(AssociationEnd) in try send(bytes) }
    }

    /// Who takes some of it within each time limit is slow, but not silent.
    private func send(_ bytes: UnsafeRawBufferPointer) throws(AssociationEnd) {
        do throws(StreamFailure) {
            try stream.writeAll(bytes, until: { limits.deadline }, isStopping: limits.isStopping)
        } catch {
            isCutOff = true
            try limits.check()
            throw error == .timedOut ? .notReading : AssociationEnd("connection lost while sending", .nothing)
        }
    }

    // MARK: - The end

    /// Says to the peer how it ended.
    package func conclude(_ end: AssociationEnd) {
        switch end.answer {
        case .nothing: break
        case .releaseReply: stream.writeLast(PDU.releaseReplyBytes)
        case .abort(let abort): send(abort)
        }
    }

    /// Asks the peer for the release of the association, and waits for its reply (PS3.8 7.2): for some seconds in all, and not
    /// when we want no more of it.
    package func release() throws(AssociationEnd) {
        try limits.check()
        let deadline = ContinuousClock.now + .seconds(min(Self.releaseSeconds, limits.idleSeconds))
        do throws(StreamFailure) { try stream.writeAll(PDU.releaseRequestBytes, until: deadline) } catch {
            throw .closed
        }
        var isAnswered = false
        while true {
            try limits.check()
            switch try nextPDU(until: deadline)?.type {
            case PDU.releaseReply: return
            // Both asked at once: who requested the association gets the reply first (PS3.8 7.2.2.1).
            case PDU.releaseRequest where !isAnswered:
                isAnswered = true
                stream.writeLast(PDU.releaseReplyBytes)
            case PDU.abort: throw .aborted
            case nil: throw .closed
            default: if deadline <= .now { throw .silent }
            }
        }
    }

    private static let releaseSeconds = 10

    /// Ends it at once.
    package func abort() { send(.user) }

    private func send(_ abort: AssociationAbort) { if !isCutOff { stream.writeLast(abort.encoded) } }
}
