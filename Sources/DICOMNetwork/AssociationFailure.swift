/// Why a connection became no association, as a clause.
package struct AssociationFailure: Error, Sendable, CustomStringConvertible {
    /// The clause.
    package let description: String
    /// Whether it may go better in a while: nobody listened, or the peer said so.
    package let isTransient: Bool

    package init(_ description: String, isTransient: Bool = false) {
        self.description = description
        self.isTransient = isTransient
    }

    static let stopped = AssociationFailure("ended by us")
    static let malformed = AssociationFailure("a malformed association request")
}

/// How an association ended.
package struct AssociationEnd: Error, Sendable, CustomStringConvertible {
    /// What is to be answered.
    enum Answer {
        case nothing
        case releaseReply
        case abort(AssociationAbort)
    }

    /// As a clause: "released", "aborted by the peer".
    package let description: String
    let answer: Answer

    init(_ description: String, _ answer: Answer) {
        self.description = description
        self.answer = answer
    }

    static let released = AssociationEnd("released", .releaseReply)
    static let aborted = AssociationEnd("aborted by the peer", .nothing)
    static let closed = AssociationEnd("connection closed by the peer", .nothing)
    static let silent = AssociationEnd("peer silent for too long", .abort(.user))
    static let notReading = AssociationEnd("peer takes nothing for too long", .nothing)
    static let stopped = AssociationEnd("ended by us", .abort(.user))

    static let unexpectedResponse = protocolError("a response to nothing that was asked")

    /// - Parameter abort: of the service user: what is wrong is a message, and not a PDU.
    static func protocolError(_ what: String, _ abort: AssociationAbort = .user) -> AssociationEnd {
        AssociationEnd("protocol error: \(what)", .abort(abort))
    }
}
