import Glibc

/// A TCP socket that listens for associations. Closed when dropped; processes may share it, and its peers wait for whoever
/// accepts next.
package final class ListeningSocket: Sendable {
    /// The socket.
    package let descriptor: Int32
    /// The port it is bound to.
    package let port: Int

    /// Binds and listens.
    ///
    /// - Parameters:
    ///   - host: a numeric address, IPv4 or IPv6.
    ///   - port: 0 for a free one.
    ///   - option: what an error says that the port can be changed with.
    package init(host: String, port: Int, option: String = "--dicom-port") throws(ListenError) {
        let place = "\(host) port \(port)"
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, "\(port)", &hints, &found)
        guard code == 0, let found else {
            let reason = String(cString: gai_strerror(code))
            throw ListenError("cannot listen at \(place): \(reason); give a numeric address")
        }
        defer { freeaddrinfo(found) }
        let address = found.pointee
        let type = address.ai_socktype | Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let socket = Glibc.socket(address.ai_family, type, 0)
        var on: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        guard socket >= 0, bind(socket, address.ai_addr, address.ai_addrlen) == 0, Glibc.listen(socket, 128) == 0 else {
            let reason = errno
            if socket >= 0 { close(socket) }
            let advice = reason == EADDRINUSE ? "; choose another \(option)" : ""
            throw ListenError("cannot listen at \(place): \(String(cString: strerror(reason)))\(advice)")
        }
        descriptor = socket
        self.port = try Self.boundPort(socket)
    }

    /// One that another process has bound, as ``init(host:port:)`` does, and handed over.
    package init(inheriting descriptor: Int32) throws(ListenError) {
        self.descriptor = descriptor
        port = try Self.boundPort(descriptor)
    }

    deinit { close(descriptor) }

    private static func boundPort(_ socket: Int32) throws(ListenError) -> Int {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) }
        }
        guard result == 0, let port = Int(numericName(&address, length, NI_NUMERICSERV).service) else {
            throw ListenError("the port of the listening socket cannot be told: \(String(cString: strerror(errno)))")
        }
        return port
    }
}

/// The address of a peer, numeric.
func numericHost(_ address: inout sockaddr_storage, _ length: socklen_t) -> String {
    numericName(&address, length, NI_NUMERICHOST).host
}

private func numericName(
    _ address: inout sockaddr_storage, _ length: socklen_t, _ flags: Int32
) -> (host: String, service: String) {
    var host = [CChar](repeating: 0, count: 64)
    var service = [CChar](repeating: 0, count: 16)
    _ = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            getnameinfo(
                $0, length, &host, socklen_t(host.count), &service, socklen_t(service.count),
                flags | NI_NUMERICHOST | NI_NUMERICSERV)
        }
    }
    return (host.withUnsafeBytes { asciiText($0) }, service.withUnsafeBytes { asciiText($0) })
}
