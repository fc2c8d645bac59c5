import Glibc

/// An accepted TCP connection, closed when this is dropped.
///
/// What is here needs no association: the first PDU, and the two that refuse (PS3.8 9.3).
final class Connection: Sendable {
    let socket: Int32
    /// The peer's address, numeric.
    let peerAddress: String

    init(_ socket: Int32, peerAddress: String) {
        self.socket = socket
        self.peerAddress = peerAddress
    }

    deinit { close(socket) }

    /// Reads the association request, which must have arrived within these seconds.
    func receiveRequest(seconds: Int) throws(AssociationFailure) -> AssociationRequest {
        let deadline = ContinuousClock.now + .seconds(seconds)
        let head = try receive(6, until: deadline)
        guard head[0] == 0x01 else {
            let first = String(head[0], radix: 16)
            throw AssociationFailure("not an association request: the first byte is \(first) hexadecimal")
        }
        let length = head[2...].reduce(0) { $0 << 8 | Int($1) }
        guard length <= AssociationRequest.longest else {
            throw AssociationFailure("an association request of \(length) bytes")
        }
        return try AssociationRequest(body: try receive(length, until: deadline))
    }

    private func receive(_ count: Int, until deadline: ContinuousClock.Instant) throws(AssociationFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let left = ContinuousClock.now.duration(to: deadline).components
            let milliseconds = max(0, left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000)
            var readable = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            let ready = poll(&readable, 1, Int32(clamping: milliseconds))
            if ready == 0 { throw AssociationFailure("no association request in time") }
            let received = bytes.withUnsafeMutableBytes { bytes in
                ready < 0 ? -1 : recv(socket, bytes.baseAddress! + filled, count - filled, 0)
            }
            if received < 0, errno == EINTR || errno == EAGAIN { continue }
            guard received > 0 else {
                let isAtStart = filled == 0 && count == 6
                throw AssociationFailure("connection closed \(isAtStart ? "before" : "within") the association request")
            }
            filled += received
        }
        return bytes
    }

    /// Why an association is rejected (PS3.8 9.3.4): result, source, reason.
    enum Rejection {
        case calledAETitle
        case callingAETitle
        case localLimit

        fileprivate var bytes: [UInt8] {
            switch self {
            case .calledAETitle: [1, 1, 7]
            case .callingAETitle: [1, 1, 3]
            case .localLimit: [2, 3, 2]
            }
        }
    }

    /// Sends A-ASSOCIATE-RJ.
    func reject(_ reason: Rejection) { send([3, 0, 0, 0, 0, 4, 0] + reason.bytes) }

    /// Sends A-ABORT. A peer that is still sending may see a reset connection instead.
    func abort() { send([7, 0, 0, 0, 0, 4, 0, 0, 2, 0]) }

    private func send(_ bytes: [UInt8]) { _ = Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }

    /// Ends all reading from it, now and later; what is being sent still goes out.
    func stopReading() { shutdown(socket, Int32(SHUT_RD)) }
}
