/// The first one or two bytes of instance identifiers: what a directory of `.views/by-id` stands for.
package struct IDPart: Hashable, Sendable {
    /// The first byte.
    package var first: UInt8
    /// The second byte; nil for all that have the first.
    package var second: UInt8?

    /// The identifiers that begin so.
    package init(_ first: UInt8, _ second: UInt8? = nil) { (self.first, self.second) = (first, second) }

    /// What a node stands for; nil when it is none of these.
    package init?(_ node: NodeID) {
        guard node.kind == .idPart else { return nil }
        switch node.payload >> 8 {
        case 1: self.init(UInt8(truncatingIfNeeded: node.payload))
        case 0x100...0x1FF:
            self.init(UInt8(truncatingIfNeeded: node.payload >> 8), UInt8(truncatingIfNeeded: node.payload))
        default: return nil
        }
    }

    /// The two that the file of an instance is in.
    package static func of(_ instance: NodeID) -> (outer: IDPart, inner: IDPart) {
        let bytes = instance.payload >> (NodeID.payloadBits - 16)
        let first = UInt8(truncatingIfNeeded: bytes >> 8)
        return (IDPart(first), IDPart(first, UInt8(truncatingIfNeeded: bytes)))
    }

    /// The part with a name, of two digits; nil when there is none.
    package static func named(_ name: String, in whole: IDPart?) -> IDPart? {
        guard whole?.second == nil, name.utf8.count == 2, let byte = UInt8(name, radix: 16) else { return nil }
        let part = whole.map { IDPart($0.first, byte) } ?? IDPart(byte)
        return part.name == name ? part : nil
    }

    /// Its node: a one and the bytes.
    package var node: NodeID {
        NodeID(.idPart, second.map { 0x1_0000 | UInt64(first) << 8 | UInt64($0) } ?? 0x100 | UInt64(first))
    }

    /// Its name in the directory it is in.
    package var name: String {
        let digits = String(second ?? first, radix: 16)
        return digits.count == 1 ? "0" + digits : digits
    }

    /// What it is a part of; nil for one of the first byte only.
    package var whole: IDPart? { second == nil ? nil : IDPart(first) }

    /// The least node of an instance in it.
    package var firstInstance: NodeID {
        NodeID(.dicom, (UInt64(first) << 8 | UInt64(second ?? 0)) << (NodeID.payloadBits - 16))
    }

    /// Whether the file of an instance is in it.
    package func contains(_ instance: NodeID) -> Bool {
        let (outer, inner) = Self.of(instance)
        return instance.kind == .dicom && (self == outer || self == inner)
    }
}
