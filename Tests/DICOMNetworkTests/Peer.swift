import Glibc
import TestSupport

/// The other end of a connection, byte by byte.
final class Peer: @unchecked Sendable {
    private let socket: Int32
    private let running: RunningListener

    /// Connects to a listener, which runs at least as long as this is used.
    init(_ running: RunningListener) throws {
        self.running = running
        guard let socket = LocalPort.connect(running.port) else { throw NothingCame() }
        self.socket = socket
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(socket) }

    /// Sends; whether the other end still takes it.
    @discardableResult
    func send(_ bytes: [UInt8]) throws -> Bool {
        Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    /// Lets little be on its way to it from now on, whatever the sender's buffer holds.
    func narrow() { Self.narrow(socket) }

    static func narrow(_ socket: Int32) {
        var size: Int32 = 16384
        setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Reads to the end of the connection, so many bytes at a time, with a pause after each.
    func trickle(_ count: Int, pause: UInt32) throws { while try !bytes(count).isEmpty { usleep(pause) } }

    /// The next bytes; fewer at the end of the connection.
    private func bytes(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = bytes.withUnsafeMutableBytes { recv(socket, $0.baseAddress! + filled, count - filled, 0) }
            if got < 0, errno == EAGAIN { throw NothingCame() }
            if got <= 0 { break }
            filled += got
        }
        return Array(bytes.prefix(filled))
    }

    /// The next PDU; nil at the end of the connection.
    func receive() throws -> (type: UInt8, body: [UInt8])? {
        let head = try bytes(6)
        guard head.count == 6 else { return nil }
        return (head[0], try bytes(head[2...].reduce(0) { $0 << 8 | Int($1) }))
    }

    /// Reads until the connection ends; the types of the PDUs.
    @discardableResult
    func drain() throws -> [UInt8] {
        var types: [UInt8] = []
        while let pdu = try receive() { types.append(pdu.type) }
        return types
    }

    /// Whether something, or the end, can be read within a tenth of a second.
    var isReadable: Bool {
        var state = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return poll(&state, 1, 100) == 1
    }

    /// Ends sending, not receiving.
    func endSending() { shutdown(socket, Int32(SHUT_WR)) }

    /// Ends the connection with RST: connect(2) to no family.
    func reset() {
        var address = sockaddr()
        address.sa_family = sa_family_t(AF_UNSPEC)
        connect(socket, &address, socklen_t(MemoryLayout<sockaddr>.size))
    }

    /// The answer to a proposed presentation context.
    struct Answer: Equatable {
        /// 0 accepted, 3 abstract syntax not supported (PS3.8 9.3.3.2).
        var result: UInt8
        var transferSyntax: String
    }

    /// Associates; the answers by context.
    @discardableResult
    func associate(_ contexts: [PDU.Context], maximumLength: Int = 16384) throws -> [UInt8: Answer] {
        try send(PDU.associate(contexts, maximumLength: maximumLength))
        guard let answer = try receive(), answer.type == 2 else { throw NothingCame() }
        var answers: [UInt8: Answer] = [:]
        var rest = answer.body[68...]
        while rest.count >= 4 {
            let type = rest.first
            let length = Int(rest[rest.startIndex + 2]) << 8 | Int(rest[rest.startIndex + 3])
            let value = Array(rest.dropFirst(4).prefix(length))
            if type == 0x21 {
                answers[value[0]] = Answer(
                    result: value[2], transferSyntax: String(decoding: value.dropFirst(8), as: UTF8.self))
            }
            rest = rest.dropFirst(4 + length)
        }
        return answers
    }

    /// The next command set, in PDUs of no more bytes: its elements of group 0000.
    func receiveCommand(longest: Int = .max) throws -> [Int: [UInt8]] {
        var command: [UInt8] = []
        while true {
            guard let pdu = try receive(), pdu.type == 4, pdu.body.count <= longest else { throw NothingCame() }
            command += pdu.body[6...]
            if pdu.body[5] & 2 != 0 { break }
        }
        var elements: [Int: [UInt8]] = [:]
        var rest = command[...]
        while rest.count >= 8 {
            let head = Array(rest.prefix(8))
            let length = Int(head[4]) | Int(head[5]) << 8
            elements[Int(head[2]) | Int(head[3]) << 8] = Array(rest.dropFirst(8).prefix(length))
            rest = rest.dropFirst(8 + length)
        }
        return elements
    }
}
