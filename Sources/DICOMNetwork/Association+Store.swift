/// A stored instance on its way to a peer.
package protocol OutgoingInstance {
    var sopClassUID: String { get }
    var sopInstanceUID: String { get }
    /// What it is stored in.
    var transferSyntaxUID: String { get }

    /// Whether its data set can be had in another transfer syntax.
    func canBecome(_ transferSyntaxUID: String) -> Bool

    /// Whether its data set in a transfer syntax is at hand: reading that cannot fail.
    func isAtHand(as transferSyntaxUID: String) -> Bool

    /// Gives the bytes of its data set in a transfer syntax, in order. May be called more than once.
    func read(as transferSyntaxUID: String, _ body: (RawSpan) throws -> Void) throws
}

extension OutgoingInstance {
    package func isAtHand(as transferSyntaxUID: String) -> Bool { false }
}

/// What became of an instance that was to be sent.
package enum StoreOutcome: Sendable {
    /// The peer's status and error comment.
    case answered(DIMSEStatus, comment: String)
    /// No presentation context for it was accepted.
    case noContext
    /// It could not be read, as this sentence says; nothing of it was sent.
    case unreadable(String)
}

/// On whose behalf an instance is sent (PS3.7 9.1.1.1.4).
package struct MoveOriginator: Sendable, Equatable {
    package var aeTitle: String
    package var messageID: UInt16

    package init(aeTitle: String, messageID: UInt16) {
        self.aeTitle = aeTitle
        self.messageID = messageID
    }
}

extension Association {
    /// Up to so many bytes are read before any is sent: what cannot be read then costs the association nothing.
    private static let readAhead = 4 << 20

    /// The contexts on which instances of a SOP Class can be sent.
    func storeContexts(_ sopClassUID: String) -> [PresentationContext] {
        contexts.values.filter { $0.isUser && $0.abstractSyntax == sopClassUID }
    }

    /// Sends an instance with C-STORE (PS3.7 9.1.1) and waits for the answer: as it is stored where the peer takes that, else in
    /// another transfer syntax, uncompressed ones first.
    ///
    /// - Parameters:
    ///   - meanwhile: gets the transfer syntax when it is sent, before the answer is waited for.
    ///   - other: gets messages that are not the answer.
    func store(
        _ instance: some OutgoingInstance, originator: MoveOriginator? = nil, meanwhile: (String) -> Void = { _ in },
        _ other: (Message) throws(AssociationEnd) -> Void
    ) throws(AssociationEnd) -> StoreOutcome {
        guard let context = context(for: instance) else { return .noContext }
        let syntax = context.transferSyntax
        var command = CommandSet(
            CommandSet.Field.store, messageID: takeMessageID(), sopClassUID: instance.sopClassUID, hasDataSet: true)
        command[.priority] = 0
        command[text: .affectedSOPInstanceUID] = instance.sopInstanceUID
        if let originator {
            command[text: .moveOriginatorAETitle] = originator.aeTitle
            command[.moveOriginatorMessageID] = originator.messageID
        }
        var isWritten = false
        if !instance.isAtHand(as: syntax) {
            let place = hold()
            do { isWritten = try write(instance, as: syntax, command, on: context.id) } catch {
                takeBack(to: place)
                return .unreadable("\(error)")
            }
            if !isWritten { takeBack(to: place) }
        }
        if !isWritten {
            try begin(command, on: context.id)
            do {
                try instance.read(as: syntax) { try write($0, isCommand: false, on: context.id) }
            } catch {
                // What has begun must come to an end.
                throw error as? AssociationEnd
                    ?? AssociationEnd("\(instance.sopInstanceUID) cannot be read: \(error)", .abort(.user))
            }
        }
        endValue()
        try flush()
        meanwhile(syntax)
        let answer = try response(to: command, other)
        return .answered(answer.command.status, comment: answer.command[text: .errorComment])
    }

    /// Writes an instance that is held, and may be taken back; false when it is too long for that.
    private func write(
        _ instance: some OutgoingInstance, as syntax: String, _ command: CommandSet, on context: UInt8
    ) throws -> Bool {
        try begin(command, on: context)
        var length = 0
        do {
            try instance.read(as: syntax) { bytes in
                length += bytes.byteCount
                guard length <= Self.readAhead else {
                    // As it is stored, what is wrong shows at its place only; else it would be made for nothing.
                    if syntax == instance.transferSyntaxUID { throw TooLongToKeep() }
                    return
                }
                try write(bytes, isCommand: false, on: context)
            }
        } catch is TooLongToKeep {}
        return length <= Self.readAhead
    }

    /// Writes the command, and begins the data set: that is then there, though it may be empty.
    private func begin(_ command: CommandSet, on context: UInt8) throws(AssociationEnd) {
        try writeCommand(command, on: context)
        try write([UInt8]().span.bytes, isCommand: false, on: context)
    }

    private struct TooLongToKeep: Error {}

    private func context(for instance: some OutgoingInstance) -> PresentationContext? {
        let contexts = storeContexts(instance.sopClassUID)
        if let same = contexts.first(where: { $0.transferSyntax == instance.transferSyntaxUID }) { return same }
        let preferred = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"]
        func rank(_ context: PresentationContext) -> Int {
            preferred.firstIndex(of: context.transferSyntax) ?? preferred.count
        }
        return contexts.sorted { (rank($0), $0.id) < (rank($1), $1.id) }
            .first { instance.canBecome($0.transferSyntax) }
    }

    /// Waits for the response to a request of ours; `other` gets what else comes, also responses to others. A data set that comes
    /// with it must be received.
    func response(
        to request: CommandSet, _ other: (Message) throws(AssociationEnd) -> Void
    ) throws(AssociationEnd) -> Message {
        while true {
            let message = try nextMessage()
            if message.command.field == request.field | CommandSet.Field.response,
                message.command[.messageIDBeingRespondedTo] == request[.messageID]
            {
                return message
            }
            try other(message)
        }
    }
}
