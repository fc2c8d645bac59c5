package import DICOMNetwork

/// An application entity that the settings know by a name: who it is, where it is, and what it may do.
package struct Peer: Hashable, Sendable {
    /// What people call it: letters, digits, dots, hyphens and underscores.
    package let name: String
    /// Its AE title, without padding: 1 to 16 characters (PS3.5 section 6.2).
    package let aeTitle: String
    /// Where it is: a numeric address or a DNS name. Who calls from elsewhere is not this peer.
    package let host: PeerHost
    /// The port it accepts associations at; nil when it accepts none.
    package let port: Int?
    /// Whether it is called with TLS.
    package let usesTLS: Bool
    /// What it may ask of us; empty for one that we only call.
    package let rights: ServiceRights

    /// - Throws: when something is no name, AE title, host or port.
    package init(
        name: String, aeTitle: String, host: String, port: Int? = nil, usesTLS: Bool = false, rights: ServiceRights = []
    ) throws(PeerError) {
        guard !name.isEmpty, name.utf8.allSatisfy({ Self.isOfName($0) }) else {
            throw PeerError("a peer's name has letters, digits, dots, hyphens and underscores")
        }
        guard Self.isAETitle(aeTitle) else {
            throw PeerError("an AE title has 1 to 16 ASCII characters, no backslash, and no space at its ends")
        }
        guard let host = PeerHost(host) else { throw PeerError("a host is a numeric address or a DNS name") }
        guard port.map({ (1...65535).contains($0) }) ?? true else { throw PeerError("a port is 1 to 65535") }
        self.name = name
        self.aeTitle = aeTitle
        self.host = host
        self.port = port
        self.usesTLS = usesTLS
        self.rights = rights
    }

    /// An association with it, without contexts as yet; nil when it has no port, or wants TLS and there is none.
    ///
    /// - Parameters:
    ///   - aeTitle: ours.
    ///   - tls: with what it is called if it wants TLS.
    package func association(as aeTitle: String, _ tls: TLSContext?) -> RequestedAssociation? {
        guard let port, !usesTLS || tls != nil else { return nil }
        return RequestedAssociation(
            calling: aeTitle, called: self.aeTitle, host: host.description, port: port, tls: usesTLS ? tls : nil,
            contexts: [])
    }

    /// Whether a text can be an AE title.
    package static func isAETitle(_ text: String) -> Bool {
        (1...16).contains(text.utf8.count) && text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != 0x5C }
            && text.first != " " && text.last != " "
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

/// What is wrong with a peer, or with a table of them, in a sentence.
package struct PeerError: Error, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
