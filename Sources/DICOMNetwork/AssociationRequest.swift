/// A-ASSOCIATE-RQ (PS3.8 9.3.2): what one side asks for.
struct AssociationRequest {
    /// The longest request read: 128 contexts with fifty transfer syntaxes each take 180 KB.
    static let longest = 512 << 10

    var calledAETitle: String
    var callingAETitle: String
    /// At most 128, in the order proposed. Of several with one id the first.
    var contexts: [ProposedContext] = []
    var user = UserInformation()

    init(calling: String, called: String) {
        callingAETitle = calling
        calledAETitle = called
    }

    /// Reads the body of the PDU, which may be anything: what follows its length.
    init(body: [UInt8]) throws(AssociationFailure) {
        var body = Fields(body[...])
        guard let version = body.number16(), version & 1 == 1 else {
            throw AssociationFailure("an association request of another protocol version")
        }
        guard body.skip(2), let called = body.bytes(16), let calling = body.bytes(16), body.skip(32) else {
            throw .malformed
        }
        calledAETitle = Self.title(called)
        callingAETitle = Self.title(calling)
        var ids: Set<UInt8> = []
        while let item = try body.item() {
            switch item.type {
            case 0x20:
                let context = try ProposedContext(item.value)
                guard ids.insert(context.id).inserted else { continue }
                guard contexts.count < 128 else { throw AssociationFailure("more than 128 presentation contexts") }
                contexts.append(context)
            case 0x50: user = try UserInformation(item.value)
            default: break
            }
        }
        guard !contexts.isEmpty else {
            throw AssociationFailure("an association request without presentation contexts")
        }
    }

    /// The whole PDU.
    var encoded: [UInt8] {
        var body = Self.head(called: calledAETitle, calling: callingAETitle)
        for context in contexts {
            var value: [UInt8] = [context.id, 0, 0, 0] + PDU.item(0x30, Array(context.abstractSyntax.utf8))
            for syntax in context.transferSyntaxes { value += PDU.item(0x40, Array(syntax.utf8)) }
            body += PDU.item(0x20, value)
        }
        return PDU.encoded(PDU.associateRequest, body + user.encoded)
    }

    /// Protocol version, titles, and the only application context there is (PS3.7 A.2.1).
    static func head(called: String, calling: String) -> [UInt8] {
        func padded(_ title: String) -> [UInt8] {
            Array((Array(title.utf8) + [UInt8](repeating: 0x20, count: 16)).prefix(16))
        }
        return [0, 1, 0, 0] + padded(called) + padded(calling) + [UInt8](repeating: 0, count: 32)
            + PDU.item(0x10, Array("1.2.840.10008.3.1.1.1".utf8))
    }

    /// An AE title without padding: spaces at its ends do not count (PS3.5 6.2).
    private static func title(_ bytes: ArraySlice<UInt8>) -> String {
        String(asciiText(bytes).drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}

/// A presentation context as proposed (PS3.8 9.3.2.2).
package struct ProposedContext: Sendable {
    /// Odd, in a request of ours.
    var id: UInt8 = 0
    /// A SOP Class UID.
    package var abstractSyntax: String
    /// UIDs, what is best first. At least one.
    package var transferSyntaxes: [String]

    /// One to be proposed.
    package init(_ abstractSyntax: String, _ transferSyntaxes: [String]) {
        self.abstractSyntax = abstractSyntax
        self.transferSyntaxes = transferSyntaxes
    }

    /// Reads the value of its item.
    fileprivate init(_ value: ArraySlice<UInt8>) throws(AssociationFailure) {
        var fields = Fields(value)
        guard let id = fields.number8(), fields.skip(3) else { throw .malformed }
        self.init("", [])
        self.id = id
        while let item = try fields.item() {
            switch item.type {
            case 0x30: abstractSyntax = try Fields.uid(item.value)
            case 0x40: transferSyntaxes.append(try Fields.uid(item.value))
            default: break
            }
        }
        guard !transferSyntaxes.isEmpty else {
            throw AssociationFailure("a presentation context without a transfer syntax")
        }
    }
}
