/// Protocol data units of the DICOM upper layer (PS3.8 9.3): types, and the bytes of those that have no more to say.
enum PDU {
    static let associateRequest: UInt8 = 1
    static let associateAccept: UInt8 = 2
    static let associateReject: UInt8 = 3
    static let data: UInt8 = 4
    static let releaseRequest: UInt8 = 5
    static let releaseReply: UInt8 = 6
    static let abort: UInt8 = 7

    /// Type, a reserved byte, the length of what follows.
    static let headerLength = 6

    static let releaseRequestBytes: [UInt8] = [releaseRequest, 0, 0, 0, 0, 4, 0, 0, 0, 0]
    static let releaseReplyBytes: [UInt8] = [releaseReply, 0, 0, 0, 0, 4, 0, 0, 0, 0]

    /// A whole PDU.
    static func encoded(_ type: UInt8, _ body: [UInt8]) -> [UInt8] {
        [type, 0] + UInt32(body.count).bigEndianBytes + body
    }

    /// An item, or sub-item, of the variable part of A-ASSOCIATE.
    static func item(_ type: UInt8, _ value: [UInt8]) -> [UInt8] {
        [type, 0] + UInt16(truncatingIfNeeded: value.count).bigEndianBytes + value
    }
}

/// Big-endian fields, taken one after another; nil when there are not enough bytes.
struct Fields {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func bytes(_ count: Int) -> ArraySlice<UInt8>? {
        guard rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    mutating func skip(_ count: Int) -> Bool { bytes(count) != nil }
    mutating func number8() -> UInt8? { bytes(1)?.first }
    mutating func number16() -> UInt16? { bytes(2)?.reduce(0) { $0 << 8 | UInt16($1) } }
    mutating func number32() -> UInt32? { bytes(4)?.reduce(0) { $0 << 8 | UInt32($1) } }

    /// What is left.
    mutating func remaining() -> ArraySlice<UInt8> {
        defer { rest = [] }
        return rest
    }

    /// The next item: type, reserved byte, length, value. Nil at the end.
    mutating func item() throws(AssociationFailure) -> (type: UInt8, value: ArraySlice<UInt8>)? {
        if isAtEnd { return nil }
        guard let type = number8(), skip(1), let length = number16(), let value = bytes(Int(length)) else {
            throw .malformed
        }
        return (type, value)
    }

    /// A field of a 16-bit length and so many bytes.
    mutating func counted() throws(AssociationFailure) -> ArraySlice<UInt8> {
        guard let length = number16(), let value = bytes(Int(length)) else { throw .malformed }
        return value
    }

    /// A UID without padding.
    static func uid(_ value: ArraySlice<UInt8>) throws(AssociationFailure) -> String {
        let name = value.prefix { $0 != 0 && $0 != 0x20 }
        guard name.count <= 64 else { throw AssociationFailure("a UID of more than 64 characters") }
        return asciiText(name)
    }
}

extension FixedWidthInteger {
    var bigEndianBytes: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }
}

/// The text up to the first NUL; what is not printable ASCII becomes "?", since it goes into logs.
func asciiText(_ bytes: some Sequence<UInt8>) -> String {
    let printable = bytes.prefix { $0 != 0 }.map { (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: "?") }
    return String(decoding: printable, as: UTF8.self)
}
