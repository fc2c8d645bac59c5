/// The PDUs that arrive on a stream, one after another. Each read takes all that is there. Used by one thread.
final class PDUReader {
    let stream: any ByteStream
    private let longest: Int
    private let buffer: UnsafeMutableRawBufferPointer
    /// What was read and not given yet.
    private var filled = 0..<0

    /// - Parameter longest: bytes of the longest P-DATA-TF body that the peer may send.
    init(_ stream: any ByteStream, longest: Int) {
        self.stream = stream
        self.longest = longest
        buffer = .allocate(byteCount: 2 * (longest + PDU.headerLength), alignment: 16)
    }

    deinit { buffer.deallocate() }

    /// The next PDU, whose body lies in a buffer that the next call reuses; nil when the connection ended before it.
    func next(
        until deadline: ContinuousClock.Instant
    ) throws(PDUFailure) -> (type: UInt8, body: UnsafeRawBufferPointer)? {
        guard let length = try fillNext(until: deadline) else { return nil }
        let type = buffer[filled.lowerBound]
        let body = filled.dropFirst(PDU.headerLength).prefix(length)
        filled = filled.dropFirst(PDU.headerLength + length)
        return (type, UnsafeRawBufferPointer(rebasing: buffer[body]))
    }

    /// Whether ``next(until:)`` would return at once. Reads what is there.
    var hasNext: Bool {
        guard hasInput else { return false }
        do throws(PDUFailure) { _ = try fillNext(until: .now) } catch {
            if case .stream(.timedOut) = error { return false }
        }
        return true
    }

    /// Reads until the next PDU is there: the length of its body, or nil when the connection ended before it.
    private func fillNext(until deadline: ContinuousClock.Instant) throws(PDUFailure) -> Int? {
        guard try fill(PDU.headerLength, until: deadline) else { return nil }
        let head = UnsafeRawBufferPointer(rebasing: buffer[filled.prefix(PDU.headerLength)])
        let type = head[0]
        let length = head[2...].reduce(0) { $0 << 8 | Int($1) }
        switch type {
        case PDU.data:
            guard length <= longest else {
                throw .illegal("a PDU of \(length) bytes, where \(longest) were offered", .invalidParameter)
            }
        case PDU.releaseRequest, PDU.releaseReply, PDU.abort:
            guard length == 4 else { throw .illegal("a PDU of type \(type) and \(length) bytes", .invalidParameter) }
        case PDU.associateRequest...PDU.associateReject: throw .illegal("a PDU of type \(type)", .unexpectedPDU)
        default: throw .illegal("a PDU of type \(type)", .unrecognizedPDU)
        }
        return try fill(PDU.headerLength + length, until: deadline) ? length : nil
    }

    /// Whether there is something to read without waiting.
    var hasInput: Bool { !filled.isEmpty || stream.hasInput }

    /// Reads until so many bytes are there; false at the end of the connection.
    private func fill(_ count: Int, until deadline: ContinuousClock.Instant) throws(PDUFailure) -> Bool {
        while filled.count < count {
            if buffer.count - filled.lowerBound < count || filled.isEmpty {
                buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[filled]))
                filled = 0..<filled.count
            }
            do throws(StreamFailure) {
                let room = UnsafeMutableRawBufferPointer(rebasing: buffer[filled.upperBound...])
                let more = try stream.read(into: room, until: deadline)
                if more == 0 { return false }
                filled = filled.lowerBound..<filled.upperBound + more
            } catch {
                throw .stream(error)
            }
        }
        return true
    }
}

/// Why there is no next PDU.
enum PDUFailure: Error {
    case stream(StreamFailure)
    /// As a clause.
    case illegal(String, AssociationAbort)
}
