import Glibc

extension AssociationListener {
    /// A listening TCP socket and its port.
    static func listen(_ configuration: Configuration) throws(ListenError) -> (socket: Int32, port: Int) {
        let place = "\(configuration.host) port \(configuration.port)"
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(configuration.host, "\(configuration.port)", &hints, &found)
        guard code == 0, let found else {
            let reason = String(cString: gai_strerror(code))
            throw ListenError("cannot listen at \(place): \(reason); give a numeric address")
        }
        defer { freeaddrinfo(found) }
        let address = found.pointee
        let socket = Glibc.socket(address.ai_family, address.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
        var on: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        guard socket >= 0, bind(socket, address.ai_addr, address.ai_addrlen) == 0, Glibc.listen(socket, 128) == 0 else {
            let reason = errno
            if socket >= 0 { close(socket) }
            let advice = reason == EADDRINUSE ? "; choose another --dicom-port" : ""
            throw ListenError("cannot listen at \(place): \(String(cString: strerror(reason)))\(advice)")
        }
        return (socket, try boundPort(socket))
    }

    private static func boundPort(_ socket: Int32) throws(ListenError) -> Int {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) }
        }
        guard result == 0, let port = Int(name(&address, length, NI_NUMERICSERV).service) else {
            throw ListenError("the port of the listening socket cannot be told: \(String(cString: strerror(errno)))")
        }
        return port
    }

    static func numericHost(_ address: inout sockaddr_storage, _ length: socklen_t) -> String {
        name(&address, length, NI_NUMERICHOST).host
    }

    private static func name(
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
}
