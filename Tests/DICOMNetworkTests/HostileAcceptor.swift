import Glibc
import TestSupport
import Threads

/// An application entity that is asked for one association, and may do anything: bytes by hand.
final class HostileAcceptor: Sendable {
    let port: Int
    private let socket: Int32
    private let ended = Gate()

    /// Listens at a free port; what connects first is acted on in a thread of its own, and then closed.
    ///
    /// - Parameter isNarrow: whether little is on its way at a time, in short segments.
    init(isNarrow: Bool = false, _ act: @escaping @Sendable (Connected) throws -> Void) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let socket = socket
        if isNarrow {
            let size = socklen_t(MemoryLayout<Int32>.size)
            for (level, option, value) in [(SOL_SOCKET, SO_RCVBUF, 16384), (Int32(IPPROTO_TCP), TCP_MAXSEG, 1000)] {
                var value = Int32(value)
                setsockopt(socket, level, option, &value, size)
            }
        }
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(socket, address, length) == 0 && listen(socket, 1) == 0
                    && getsockname(socket, address, &length) == 0
            }
        }
        guard isBound else { throw NothingCame() }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.start { [ended] in
            defer { ended.open() }
            let peer = Glibc.accept(socket, nil, nil)
            guard peer >= 0 else { return }
            defer { close(peer) }
            try? act(Connected(socket: peer))
        }
    }

    deinit {
        shutdown(socket, Int32(SHUT_RDWR))
        ended.wait()
        close(socket)
    }

    /// The connection.
    struct Connected {
        fileprivate let socket: Int32

        func send(_ bytes: [UInt8]) { _ = Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }

        /// The next PDU; nil at the end of the connection.
        func receive() -> (type: UInt8, body: [UInt8])? {
            let head = read(6)
            guard head.count == 6 else { return nil }
            return (head[0], read(head[2...].reduce(0) { $0 << 8 | Int($1) }))
        }

        private func read(_ count: Int) -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: count)
            var filled = 0
            while filled < count {
                let more = bytes.withUnsafeMutableBytes { recv(socket, $0.baseAddress! + filled, count - filled, 0) }
                if more <= 0 { break }
                filled += more
            }
            return Array(bytes.prefix(filled))
        }

        /// Takes the association request, and answers it with these contexts.
        func accept(_ contexts: [(id: UInt8, result: UInt8, transferSyntax: String)] = [(1, 0, "1.2.840.10008.1.2")]) {
            _ = receive()
            send(HostileAcceptor.accept(contexts))
        }

        /// Whether something, or the end, comes within a twentieth of a second.
        var isReadable: Bool {
            var state = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            return poll(&state, 1, 50) == 1
        }

        /// Lets little be on its way to it from now on, whatever the sender's buffer holds.
        func narrow() { Peer.narrow(socket) }

        /// Reads as many bytes, or up to the end of the connection, in parts and with a pause after each; what it got.
        func readSlowly(_ count: Int, parts: Int, pause: UInt32) -> Int {
            var got = 0
            while got < count {
                let more = read(min(count / parts, count - got)).count
                got += more
                if more == 0 { break }
                usleep(pause)
            }
            return got
        }

        /// Reads to the end of the connection.
        func drain() { while receive() != nil {} }
    }

    /// A-ASSOCIATE-AC.
    static func accept(_ contexts: [(id: UInt8, result: UInt8, transferSyntax: String)], more: [UInt8] = []) -> [UInt8]
    {
        let titles = Array("HOSTILE         DICOMFS         ".utf8)
        var items = PDU.item(0x10, "1.2.840.10008.3.1.1.1")
        for context in contexts {
            items += PDU.item(0x21, [context.id, 0, context.result, 0] + PDU.item(0x40, context.transferSyntax))
        }
        items += PDU.item(0x50, PDU.item(0x51, [0, 0, 0x40, 0])) + more
        return PDU.pdu(2, [0, 1, 0, 0] + titles + [UInt8](repeating: 0, count: 32) + items)
    }
}
