import Glibc

extension Connection {
    /// Connects to a peer.
    ///
    /// - Parameters:
    ///   - host: a name, or a numeric address; each address the name has is tried.
    ///   - seconds: for each.
    static func to(
        _ host: String, port: Int, seconds: Int, isStopping: @escaping @Sendable () -> Bool
    ) throws(AssociationFailure) -> Connection {
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
            let socket = Glibc.socket(address.ai_family, address.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
            guard socket >= 0 else {
                failure = errno
                continue
            }
            let connection = Connection(socket, peerAddress: numericHost(address), isStopping: isStopping)
            do throws(StreamFailure) {
                failure = try connection.connect(address, until: .now + .seconds(seconds))
                if failure == 0 { return connection }
            } catch {
                if error == .stopped { throw .stopped }
                failure = ETIMEDOUT
            }
        }
        throw AssociationFailure("\(host) port \(port): \(String(cString: strerror(failure)))", isTransient: true)
    }

    /// The error number; 0 when it is connected.
    private func connect(_ address: addrinfo, until deadline: ContinuousClock.Instant) throws(StreamFailure) -> Int32 {
        if Glibc.connect(socket, address.ai_addr, address.ai_addrlen) == 0 { return 0 }
        guard errno == EINPROGRESS else { return errno }
        try wait(for: POLLOUT, until: deadline)
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
