/// A-ASSOCIATE-RQ (PS3.8 9.3.2): what a peer asks for, and nothing else of what it sent.
///
/// Read here from bytes that may be anything, and written anew for DCMTK, which never sees the peer's own: a broken request
/// makes its parser lose memory.
struct AssociationRequest {
    /// A presentation context as proposed.
    struct ProposedContext {
        var id: UInt8
        var abstractSyntax: String
        /// The first of those proposed.
        var transferSyntax: String
    }

    /// The longest request read: 128 contexts with fifty transfer syntaxes each take 180 KB.
    static let longest = 512 << 10

    /// AE titles, padded to 16 bytes.
    private(set) var calledAETitle: [UInt8] = []
    private(set) var callingAETitle: [UInt8] = []
    /// At most 128, in the order proposed. Of several with one id the first.
    private(set) var contexts: [ProposedContext] = []
    /// The longest PDU the peer takes; 0 for any.
    private var maximumLength: UInt32 = 0

    /// Reads the body of the PDU: what follows its length.
    init(body: [UInt8]) throws(AssociationFailure) {
        var body = Fields(body[...])
        guard let version = body.number16(), version & 1 == 1 else {
            throw AssociationFailure("an association request of another protocol version")
        }
        guard body.skip(2), let called = body.bytes(16), let calling = body.bytes(16), body.skip(32) else {
            throw Self.malformed
        }
        calledAETitle = Array(called)
        callingAETitle = Array(calling)
        while let item = try Self.item(&body) {
            switch item.type {
            case 0x20: try addContext(item.value)
            case 0x50: try readUserInformation(item.value)
            default: break
            }
        }
        guard !contexts.isEmpty else {
            throw AssociationFailure("an association request without presentation contexts")
        }
    }

    private mutating func addContext(_ value: ArraySlice<UInt8>) throws(AssociationFailure) {
        var fields = Fields(value)
        guard let id = fields.number8(), fields.skip(3) else { throw Self.malformed }
        var context = ProposedContext(id: id, abstractSyntax: "", transferSyntax: "")
        var hasTransferSyntax = false
        while let item = try Self.item(&fields) {
            switch item.type {
            case 0x30: context.abstractSyntax = asciiText(try Self.name(item.value))
            case 0x40:
                let name = try Self.name(item.value)
                if !hasTransferSyntax { context.transferSyntax = asciiText(name) }
                hasTransferSyntax = true
            default: break
            }
        }
        guard hasTransferSyntax else { throw AssociationFailure("a presentation context without a transfer syntax") }
        guard !contexts.contains(where: { $0.id == id }) else { return }
        guard contexts.count < 128 else { throw AssociationFailure("more than 128 presentation contexts") }
        contexts.append(context)
    }

    private mutating func readUserInformation(_ value: ArraySlice<UInt8>) throws(AssociationFailure) {
        var fields = Fields(value)
        while let item = try Self.item(&fields) {
            // Roles, asynchronous operations, extended negotiation, user identity: not answered, hence not agreed to.
            guard item.type == 0x51 else { continue }
            var length = Fields(item.value)
            guard let maximum = length.number32() else { throw Self.malformed }
            maximumLength = maximum
        }
    }

    /// The next item: type, reserved byte, length, value.
    private static func item(
        _ fields: inout Fields
    ) throws(AssociationFailure) -> (type: UInt8, value: ArraySlice<UInt8>)? {
        if fields.isAtEnd { return nil }
        guard let type = fields.number8(), fields.skip(1), let length = fields.number16(),
            let value = fields.bytes(Int(length))
        else { throw malformed }
        return (type, value)
    }

    /// A UID, without padding.
    private static func name(_ value: ArraySlice<UInt8>) throws(AssociationFailure) -> [UInt8] {
        let name = Array(value.prefix { $0 != 0 && $0 != 0x20 })
        guard name.count <= 64 else { throw AssociationFailure("a UID of more than 64 characters") }
        return name
    }

    private static let malformed = AssociationFailure("a malformed association request")
}

extension AssociationRequest {
    /// The whole PDU, with the one transfer syntax of each context, and the only application context there is (PS3.7 A.2.1).
    var encoded: [UInt8] {
        var body: [UInt8] = [0, 1, 0, 0] + calledAETitle + callingAETitle + [UInt8](repeating: 0, count: 32)
        body += Self.item(0x10, Array("1.2.840.10008.3.1.1.1".utf8))
        for context in contexts {
            let abstract = Self.item(0x30, Array(context.abstractSyntax.utf8))
            let transfer = Self.item(0x40, Array(context.transferSyntax.utf8))
            body += Self.item(0x20, [context.id, 0, 0, 0] + abstract + transfer)
        }
        // Bits above give DCMTK modes of its own.
        let length = min(maximumLength, 1 << 20)
        body += Self.item(0x50, Self.item(0x51, [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) }))
        return [1, 0] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: body.count >> $0) } + body
    }

    private static func item(_ type: UInt8, _ value: [UInt8]) -> [UInt8] {
        [type, 0, UInt8(value.count >> 8), UInt8(truncatingIfNeeded: value.count)] + value
    }
}

/// Why a connection became no association, as a clause.
struct AssociationFailure: Error {
    let sentence: String

    init(_ sentence: String) { self.sentence = sentence }
}

/// Big-endian fields, taken one after another; nil when there are not enough bytes.
private struct Fields {
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
}
