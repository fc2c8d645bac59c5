/// How a data set is encoded, named by a UID (PS3.5 section 10 and annex A).
package struct TransferSyntax: Hashable, Sendable, CustomStringConvertible {
    /// The UID as it was given, without padding; may be private or unknown.
    package let uid: String

    /// The transfer syntax with this UID; spaces and NULs at its end are removed.
    package init(_ uid: some StringProtocol) {
        var text = Substring(uid)
        while let last = text.utf8.last, last == 0 || last == 0x20 { text.removeLast() }
        self.uid = String(text)
    }

    package static let implicitVRLittleEndian = Self("1.2.840.10008.1.2")
    package static let explicitVRLittleEndian = Self("1.2.840.10008.1.2.1")
    package static let deflatedExplicitVRLittleEndian = Self("1.2.840.10008.1.2.1.99")
    /// GE's private one.
    package static let implicitWithBigEndianPixels = Self("1.2.840.113619.5.2")
    package static let explicitVRBigEndian = Self("1.2.840.10008.1.2.2")

    /// The name in PS3.6 table A-1, when the standard knows the syntax.
    package var name: String? { Self.names[uid] }

    /// Whether pixel data are a video stream: MPEG-2, MPEG-4 or HEVC (PS3.5 A.4.5 to A.4.9).
    package var isVideo: Bool {
        let prefix = "1.2.840.10008.1.2.4.10"
        guard uid.hasPrefix(prefix), let digit = uid.dropFirst(prefix.count).first else { return false }
        return ("0"..."8").contains(digit)
    }

    /// Whether the whole data set is deflated.
    package var isDeflated: Bool {
        switch uid {
        case "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205": true
        default: false
        }
    }

    /// The encoding its definition gives to the (inflated) elements: explicit VR little endian unless the syntax is
    /// known to differ. What the bytes say goes before it.
    package var nominalEncoding: DataSetEncoding {
        switch uid {
        case "1.2.840.10008.1.2", "1.2.840.113619.5.2": .implicitLittleEndian
        case "1.2.840.10008.1.2.2": .explicitBigEndian
        default: .explicitLittleEndian
        }
    }

    /// The name, else the UID.
    package var description: String { name ?? uid }
}
