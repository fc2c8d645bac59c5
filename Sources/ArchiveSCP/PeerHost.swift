/// Where a peer is: a numeric address or a DNS name.
package struct PeerHost: Hashable, Sendable, CustomStringConvertible {
    /// As it was written.
    package let description: String
    /// Of a numeric address; nil of a name.
    let address: PeerAddress?

    /// Nil when it is neither.
    package init?(_ text: String) {
        address = PeerAddress(text)
        guard address != nil || Self.isName(text) else { return nil }
        description = text
    }

    /// Two ways to write one address, or one name, are the same host.
    package static func == (one: PeerHost, other: PeerHost) -> Bool { one.identity == other.identity }

    package func hash(into hasher: inout Hasher) { hasher.combine(identity) }

    private var identity: [UInt8] { address?.bytes ?? Array(description.lowercased().utf8) }

    /// Letters, digits, hyphens and underscores between dots (RFC 1123 section 2.1). The last part is no number: getaddrinfo(3)
    /// would take `10.5` for the address 10.0.0.5.
    private static func isName(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard text.utf8.count <= 253, let last = parts.last, !last.allSatisfy({ isDigit($0) }) else { return false }
        return parts.allSatisfy { part in
            (1...63).contains(part.count) && part.first != UInt8(ascii: "-") && part.allSatisfy { isOfName($0) }
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isOfName(_ byte: UInt8) -> Bool {
        let letter = byte | 0x20
        return isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter) || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: "_")
    }
}
