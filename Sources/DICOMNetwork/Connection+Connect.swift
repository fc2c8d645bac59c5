import Glibc

extension Connection {
    /// Connects to a peer.
    ///
    /// - Parameters:
    ///   - host: a name, or a numeric address; each address the name has is tried.
    ///   - seconds: for each.
    convenience init(to host: String, port: Int, seconds: Int) throws(AssociationFailure) {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, "\(port)", &hints, &found)
        guard code == 0, let first = found else {
            throw AssociationFailure(
                "\(host): \(String(cString: gai_strerror(code)))", isTransient: code == EAI_AGAIN)
        }
        defer { freeaddrinfo(first) }
        var failure: Int32 = 0
        var next = found
        while let address = next?.pointee {
            next = address.ai_next
            let type = address.ai_socktype | Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
            let socket = Glibc.socket(address.ai_family, type, 0)
            failure = socket < 0 ? errno : Self.connect(socket, address, seconds: seconds)
            if failure == 0 {
                self.init(socket, peerAddress: Self.numericHost(address))
                return
            }
            if socket >= 0 { close(socket) }
        }
        throw AssociationFailure("\(host) port \(port): \(String(cString: strerror(failure)))", isTransient: true)
    }

    /// The error number; 0 when it is connected.
    private static func connect(_ socket: Int32, _ address: addrinfo, seconds: Int) -> Int32 {
        if Glibc.connect(socket, address.ai_addr, address.ai_addrlen) == 0 { return 0 }
        guard errno == EINPROGRESS else { return errno }
        var state = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
        var ready: Int32
        repeat { ready = poll(&state, 1, Int32(clamping: seconds * 1000)) } while ready < 0 && errno == EINTR
        guard ready > 0 else { return ready == 0 ? ETIMEDOUT : errno }
        var error: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &length)
        return error
    }

    private static func numericHost(_ address: addrinfo) -> String {
        var storage = sockaddr_storage()
        withUnsafeMutableBytes(of: &storage) { bytes in
            bytes.copyMemory(
                from: UnsafeRawBufferPointer(start: address.ai_addr, count: min(bytes.count, Int(address.ai_addrlen))))
        }
        return DICOMNetwork.numericHost(&storage, address.ai_addrlen)
    }
}
