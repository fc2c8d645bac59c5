/// A-ASSOCIATE-AC (PS3.8 9.3.3): what the other side agrees to.
struct AssociationAnswer {
    /// The answer to a proposed context.
    enum ContextAnswer: Equatable {
        /// With one of the transfer syntaxes proposed.
        case accepted(transferSyntax: String)
        /// 1: the user rejects it.
        case rejected
        /// 3: the abstract syntax is not supported.
        case unknownAbstractSyntax
        /// 4: none of the transfer syntaxes is supported.
        case unknownTransferSyntaxes

        fileprivate var result: UInt8 {
            switch self {
            case .accepted: 0
            case .rejected: 1
            case .unknownAbstractSyntax: 3
            case .unknownTransferSyntaxes: 4
            }
        }
    }

    /// By the context's id, in the order proposed.
    var contexts: [(id: UInt8, answer: ContextAnswer)] = []
    var user = UserInformation()

    init() {}

    /// Reads the body of the PDU.
    init(body: [UInt8]) throws(AssociationFailure) {
        var body = Fields(body[...])
        guard body.skip(68) else { throw AssociationFailure("a malformed answer to the association request") }
        while let item = try body.item() {
            switch item.type {
            case 0x21:
                var fields = Fields(item.value)
                guard let id = fields.number8(), fields.skip(1), let result = fields.number8(), fields.skip(1) else {
                    throw .malformed
                }
                var syntax = ""
                while let item = try fields.item() {
                    if item.type == 0x40 { syntax = try Fields.uid(item.value) }
                }
                contexts.append((id, result == 0 ? .accepted(transferSyntax: syntax) : .rejected))
            case 0x50: user = try UserInformation(item.value)
            default: break
            }
        }
    }

    /// The whole PDU, in answer to a request.
    func encoded(to request: AssociationRequest) -> [UInt8] {
        var body = AssociationRequest.head(called: request.calledAETitle, calling: request.callingAETitle)
        for (id, answer) in contexts {
            // Of one that is not accepted the transfer syntax means nothing.
            var syntax = "1.2.840.10008.1.2"
            if case .accepted(let accepted) = answer { syntax = accepted }
            body += PDU.item(0x21, [id, 0, answer.result, 0] + PDU.item(0x40, Array(syntax.utf8)))
        }
        return PDU.encoded(PDU.associateAccept, body + user.encoded)
    }
}

/// A-ASSOCIATE-RJ (PS3.8 9.3.4).
struct AssociationRejection {
    /// 1 permanent, 2 transient.
    var result: UInt8
    /// 1 service user, 2 service provider (ACSE), 3 service provider (presentation).
    var source: UInt8
    var reason: UInt8

    static let calledAETitle = AssociationRejection(result: 1, source: 1, reason: 7)
    static let callingAETitle = AssociationRejection(result: 1, source: 1, reason: 3)
    static let localLimit = AssociationRejection(result: 2, source: 3, reason: 2)

    var encoded: [UInt8] { PDU.encoded(PDU.associateReject, [0, result, source, reason]) }

    /// Why a peer rejects us.
    var failure: AssociationFailure {
        let why =
            switch (source, reason) {
            case (1, 2): "the application context is not supported"
            case (1, 3): "our AE title is not recognized"
            case (1, 7): "it has another AE title"
            case (2, 2): "the protocol version is not supported"
            case (3, 1): "it is congested"
            case (3, 2): "it has too many associations"
            default: "no reason given"
            }
        return AssociationFailure("the peer rejects the association: \(why)", isTransient: result == 2)
    }
}
