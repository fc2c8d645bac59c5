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

    /// To a port of this machine.
    convenience init(port: Int) {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        self.init(Self.connected(AF_INET, address))
    }

    /// To a socket with a path.
    convenience init(path: String) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        self.init(Self.connected(AF_UNIX, address))
    }

    deinit { close(socket) }

    private static func connected(_ family: Int32, _ address: some BitwiseCopyable) -> Int32 {
        let socket = Glibc.socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let result = withUnsafeBytes(of: address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { connect(socket, $0.baseAddress, socklen_t(bytes.count)) }
        }
        precondition(result == 0, "cannot connect: \(String(cString: strerror(errno)))")
        return socket
    }

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
