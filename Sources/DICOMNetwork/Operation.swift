/// A C-FIND, C-MOVE or C-GET request that is being answered (PS3.7 9.1.2 to 9.1.4).
///
/// Used by the thread of its association, for as long as the provider's `perform` runs. Methods throw when the association
/// ends.
package final class Operation {
    /// Which request.
    package enum Kind: Sendable {
        case find
        case move
        case get
    }

    package let kind: Kind
    package let sopClassUID: String
    package let messageID: UInt16
    /// Move Destination (0000,0600): an AE title. Of C-MOVE.
    package let moveDestination: String
    /// The data set.
    package let identifier: [UInt8]
    /// What it and those of the responses are encoded in: explicit or implicit VR little endian.
    package let transferSyntaxUID: String
    /// Whether a range of dates and one of times are one range (PS3.4 C.5.1.1.5).
    package let isDateTimeCombined: Bool
    /// How many pending responses were sent.
    private(set) var pendingResponses = 0
    /// How many instances were sent over this association.
    private(set) var sentInstances = 0
    private let association: Association
    private let message: Association.Message
    private let takeAnswer: (Association.Message) throws(AssociationEnd) -> Void
    private var isCancelRequested = false
    /// When responses to C-FIND were sent last; nil before the first.
    private var lastFlush: ContinuousClock.Instant?
    /// How the association ended within this: who did not hear of it then, hears of it the next time.
    private var end: AssociationEnd?

    /// - Parameter takeAnswer: gets answers to what we asked the peer before.
    init(
        _ kind: Kind, _ message: Association.Message, identifier: [UInt8], on association: Association,
        takeAnswer: @escaping (Association.Message) throws(AssociationEnd) -> Void
    ) {
        self.takeAnswer = takeAnswer
        self.kind = kind
        self.association = association
        self.message = message
        self.identifier = identifier
        sopClassUID = message.context.abstractSyntax
        messageID = message.command[.messageID]
        moveDestination = message.command[text: .moveDestination]
        transferSyntaxUID = message.context.transferSyntax
        isDateTimeCombined = association.extendedNegotiation[sopClassUID]?.dropFirst().first == 1
    }

    /// Whose request it is.
    package var info: AssociationInfo { association.info }

    /// Whether we want no more of its association.
    package var isStopping: @Sendable () -> Bool { association.limits.isStopping }

    /// Sends a pending response. Those of C-FIND go together when they come faster than one in 2 ms: the peer need not wake up for
    /// each. One of C-GET goes with what follows it, a sub-operation or the last response.
    package func respond(_ result: OperationResult) throws(AssociationEnd) {
        pendingResponses += 1
        try write(result)
        switch kind {
        case .find: try flushIfDue()
        case .get: break
        case .move: try association.flush()
        }
    }

    /// Sends a response, and those that wait.
    func send(_ result: OperationResult) throws(AssociationEnd) {
        try write(result)
        try association.flush()
    }

    private func write(_ result: OperationResult) throws(AssociationEnd) {
        var command = CommandSet(
            responseTo: message.command, status: result.status, errorComment: result.errorComment)
        command.putOffendingElements(result.offendingElements)
        result.counts?.write(to: &command)
        try association.write(command, dataSet: result.identifier, on: message.context.id)
    }

    private func flushIfDue() throws(AssociationEnd) {
        let now = ContinuousClock.now
        guard lastFlush.map({ $0 + .milliseconds(2) <= now }) ?? true else { return }
        lastFlush = now
        try association.flush()
    }

    /// Whether the peer has asked for the end of the operation (C-CANCEL). Does not wait.
    package func isCancelled() throws(AssociationEnd) -> Bool {
        if let end { throw end }
        do throws(AssociationEnd) {
            if pendingResponses > 0, kind == .find { try flushIfDue() }
            while !isCancelRequested, let message = try association.messageAtHand() { try take(message) }
            try association.limits.check()
        } catch {
            end = error
            throw error
        }
        return isCancelRequested
    }

    /// Sends an instance to the peer of a C-GET, and waits for its answer.
    ///
    /// - Parameter meanwhile: gets the transfer syntax when it is sent, before the answer is waited for.
    package func send(
        _ instance: some OutgoingInstance, meanwhile: (String) -> Void = { _ in }
    ) throws(AssociationEnd) -> StoreOutcome {
        sentInstances += 1
        return try association.store(instance, meanwhile: meanwhile) { message throws(AssociationEnd) in
            try self.take(message)
        }
    }

    /// What may come while a request is answered.
    private func take(_ message: Association.Message) throws(AssociationEnd) {
        switch message.command.field {
        case CommandSet.Field.cancel:
            if message.command[.messageIDBeingRespondedTo] == messageID { isCancelRequested = true }
        case CommandSet.Field.response...: try takeAnswer(message)
        default: throw .protocolError("a message within an operation")
        }
    }
}

/// A response to C-FIND, C-MOVE or C-GET: a pending one or the last.
package struct OperationResult: Sendable {
    package var status: DIMSEStatus
    /// Error Comment (0000,0902): cut to 64 characters of ASCII.
    package var errorComment: String
    /// Offending Element (0000,0901): tags of the request's identifier, the group in the upper 16 bits.
    package var offendingElements: [UInt32]
    /// The data set, in the operation's transfer syntax.
    package var identifier: [UInt8]?
    /// Of C-MOVE and C-GET.
    package var counts: SuboperationCounts?

    package init(
        _ status: DIMSEStatus, errorComment: String = "", offendingElements: [UInt32] = [], identifier: [UInt8]? = nil,
        counts: SuboperationCounts? = nil
    ) {
        self.status = status
        self.errorComment = errorComment
        self.offendingElements = offendingElements
        self.identifier = identifier
        self.counts = counts
    }
}

/// How many C-STORE sub-operations there are of each kind (PS3.7 9.1.3.1).
package struct SuboperationCounts: Sendable, Equatable {
    package var remaining: Int
    package var completed = 0
    package var failed = 0
    package var warning = 0

    package init(remaining: Int) { self.remaining = remaining }

    /// How many there were in all.
    package var total: Int { remaining + completed + failed + warning }

    /// Counts one that has been answered.
    package mutating func count(_ outcome: StoreOutcome) {
        remaining -= 1
        switch outcome {
        case .answered(.success, _): completed += 1
        case .answered(let status, _) where status.isWarning: warning += 1
        default: failed += 1
        }
    }

    /// The number of those remaining is told by pending responses, and when they were cancelled.
    func write(to command: inout CommandSet) {
        if command.status.isPending || command.status == .cancelled {
            command[.remainingSuboperations] = UInt16(clamping: remaining)
        }
        command[.completedSuboperations] = UInt16(clamping: completed)
        command[.failedSuboperations] = UInt16(clamping: failed)
        command[.warningSuboperations] = UInt16(clamping: warning)
    }

    init(_ command: CommandSet) {
        remaining = Int(command[.remainingSuboperations])
        completed = Int(command[.completedSuboperations])
        failed = Int(command[.failedSuboperations])
        warning = Int(command[.warningSuboperations])
    }
}
