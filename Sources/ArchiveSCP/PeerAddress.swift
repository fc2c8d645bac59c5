import Glibc

/// A numeric address of IPv4 or IPv6, compared as such and not as text.
struct PeerAddress: Hashable, Sendable {
    /// 16: an IPv4 address as ::ffff:a.b.c.d, which is how a socket for both families has it (RFC 4291 section 2.5.5.2).
    let bytes: [UInt8]

    /// Nil when the text is none. What stands behind `%`, the interface of a link-local address, does not count.
    init?(_ text: String) {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            self.init(four)
            return
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, String(text.prefix { $0 != "%" }), &six) == 1 else { return nil }
        self.init(six)
    }

    /// Of what getaddrinfo(3) found; nil for another family.
    init?(_ address: UnsafePointer<sockaddr>) {
        let raw = UnsafeRawPointer(address)
        switch Int32(address.pointee.sa_family) {
        case AF_INET: self.init(raw.loadUnaligned(as: sockaddr_in.self).sin_addr)
        case AF_INET6: self.init(raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr)
        default: return nil
        }
    }

    private init(_ four: in_addr) {
        let address = withUnsafeBytes(of: four) { Array($0) }
        bytes = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + address
    }

    private init(_ six: in6_addr) { bytes = withUnsafeBytes(of: six) { Array($0) } }
}
