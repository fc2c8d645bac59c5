import Glibc

/// A connected stream socket, closed when it is dropped.
final class Connection {
    let socket: Int32

    init(_ socket: Int32) {
        self.socket = socket
        // What does not end by then never ends.
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(socket) }

    /// Sends, as far as the other end takes it.
    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    /// Waits until the other end says something, and drops that. Not for long: it may have nothing to say.
    func awaitAnswer() {
        var state = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        guard poll(&state, 1, 50) > 0 else { return }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        _ = recv(socket, &buffer, buffer.count, Int32(MSG_DONTWAIT))
    }

    /// Ends sending and reads to the end; what came, or nil when there was no end.
    func finish() -> [UInt8]? {
        shutdown(socket, Int32(SHUT_WR))
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(socket, &buffer, buffer.count, 0)
            if count < 0, errno == EAGAIN { return nil }
            guard count > 0 else { return all }
            all += buffer[..<count]
        }
    }
}
