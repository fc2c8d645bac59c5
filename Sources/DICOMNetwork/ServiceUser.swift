/// The requests of a service class user over an association that it asked for (PS3.7 9.1). Used by one thread.
package final class ServiceUser {
    private let association: Association
    /// Reports on commitments that came before they were waited for.
    private var reports: [ReceivedReport] = []
    /// The most of them.
    private static let mostReports = 8

    init(association: Association) { self.association = association }

    /// Asks for the association.
    package convenience init(_ wanted: RequestedAssociation) throws(AssociationFailure) {
        try self.init(association: .request(wanted))
    }

    package var info: AssociationInfo { association.info }

    /// The contexts that the peer accepted.
    package var contexts: [PresentationContext] { association.contexts.values.sorted { $0.id < $1.id } }

    /// Releases the association. What goes wrong with that changes nothing any more.
    package func release() {
        do throws(AssociationEnd) { try association.release() } catch { association.conclude(error) }
    }

    /// Says to the peer how the association ended.
    package func conclude(_ end: AssociationEnd) { association.conclude(end) }

    /// Ends the association at once.
    package func abort() { association.abort() }

    /// C-ECHO.
    package func echo() throws(AssociationEnd) -> DIMSEStatus {
        let context = try context(SOPClass.verification)
        let command = request(CommandSet.Field.echo, context)
        try association.send(command, on: context.id)
        return try association.response(to: command, Self.refuse).command.status
    }

    /// C-STORE.
    ///
    /// - Parameter meanwhile: gets the transfer syntax when it is sent, before the answer is waited for.
    package func store(
        _ instance: some OutgoingInstance, originator: MoveOriginator? = nil, meanwhile: (String) -> Void = { _ in }
    ) throws(AssociationEnd) -> StoreOutcome {
        try association.store(instance, originator: originator, meanwhile: meanwhile, Self.refuse)
    }

    /// What an operation is to ask, and of which SOP Class.
    package struct Query: Sendable {
        package var sopClassUID: String
        /// In the transfer syntax of the context for the SOP Class.
        package var identifier: [UInt8]
        /// Of C-MOVE: an AE title.
        package var moveDestination: String?

        package init(sopClassUID: String, identifier: [UInt8], moveDestination: String? = nil) {
            self.sopClassUID = sopClassUID
            self.identifier = identifier
            self.moveDestination = moveDestination
        }
    }

    /// C-FIND, C-MOVE or C-GET: `body` gets each pending response, and says whether it wants more.
    ///
    /// - Parameter provider: takes the instances that come by C-GET.
    /// - Returns: the last response.
    package func perform(
        _ kind: Operation.Kind, _ query: Query, into provider: (any StoreProvider)? = nil,
        _ body: (OperationResult) throws -> Bool
    ) throws -> OperationResult {
        let context = try context(query.sopClassUID)
        var command = request(kind.field, context)
        command[.priority] = 0
        if let destination = query.moveDestination { command[text: .moveDestination] = destination }
        try association.send(command, dataSet: query.identifier, on: context.id)
        var isCancelled = false
        while true {
            let message = try association.response(to: command) { message throws(AssociationEnd) in
                try receive(message, provider)
            }
            let result = OperationResult(message, identifier: try association.dataSet(of: message))
            guard result.status.isPending else { return result }
            if !isCancelled, try !body(result) {
                isCancelled = true
                try association.send(CommandSet(cancelling: command), on: context.id)
            }
        }
    }

    /// N-ACTION of storage commitment; the status and its comment. The report may come before that.
    package func requestCommitment(_ dataSet: (String) -> [UInt8]) throws(AssociationEnd) -> StoreResponse {
        let context = try context(SOPClass.storageCommitment)
        var command = CommandSet(
            CommandSet.Field.action, messageID: association.takeMessageID(), sopClassUID: "", hasDataSet: true)
        command[text: .requestedSOPClassUID] = SOPClass.storageCommitment
        command[text: .requestedSOPInstanceUID] = SOPClass.storageCommitmentInstance
        command[.actionTypeID] = 1
        try association.send(command, dataSet: dataSet(context.transferSyntax), on: context.id)
        let answer = try association.response(to: command) { message throws(AssociationEnd) in
            guard message.command.field == CommandSet.Field.eventReport, reports.count < Self.mostReports else {
                return try Self.refuse(message)
            }
            reports.append(try receiveReport(message))
        }
        _ = try association.dataSet(of: answer, limit: 0)
        return StoreResponse(answer.command.status, errorComment: answer.command[text: .errorComment])
    }

    /// Whether the peer has said something, or has ended the association.
    package var hasInput: Bool { !reports.isEmpty || association.hasInput }

    /// Waits for the report on a commitment, which may come over the association of the request, and confirms it.
    package func awaitReport() throws(AssociationEnd) -> ReceivedReport {
        if !reports.isEmpty { return reports.removeFirst() }
        let message = try association.nextMessage()
        guard message.command.field == CommandSet.Field.eventReport else {
            throw .protocolError("a request, where a report was due")
        }
        return try receiveReport(message)
    }

    private func receiveReport(_ message: Association.Message) throws(AssociationEnd) -> ReceivedReport {
        guard let bytes = try association.dataSet(of: message) else {
            throw .protocolError("a report that is too long")
        }
        try association.respond(to: message, StoreResponse())
        return ReceivedReport(
            association: info, eventTypeID: message.command[.eventTypeID], dataSet: bytes,
            transferSyntaxUID: message.context.transferSyntax)
    }

    /// N-EVENT-REPORT of storage commitment.
    package func report(_ report: CommitmentReport) throws(AssociationEnd) -> DIMSEStatus {
        let context = try context(SOPClass.storageCommitment)
        let command = association.reportCommand(report)
        try association.send(command, dataSet: report.dataSet(context.transferSyntax), on: context.id)
        let answer = try association.response(to: command, Self.refuse)
        _ = try association.dataSet(of: answer, limit: 0)
        return answer.command.status
    }

    private func context(_ sopClassUID: String) throws(AssociationEnd) -> PresentationContext {
        guard let context = contexts.first(where: { $0.abstractSyntax == sopClassUID }) else {
            throw AssociationEnd("the peer does not accept this service", .abort(.user))
        }
        return context
    }

    private func request(_ field: UInt16, _ context: PresentationContext) -> CommandSet {
        CommandSet(
            field, messageID: association.takeMessageID(), sopClassUID: context.abstractSyntax,
            hasDataSet: field != CommandSet.Field.echo)
    }

    /// An instance of a C-GET.
    private func receive(
        _ message: Association.Message, _ provider: (any StoreProvider)?
    ) throws(AssociationEnd) {
        guard message.command.field == CommandSet.Field.store, message.command.hasDataSet, let provider else {
            return try Self.refuse(message)
        }
        let isExpected = message.context.isProvider
        _ = try association.receiveInstance(
            of: message, provider, refusal: isExpected ? nil : StoreResponse(.sopClassNotSupported))
    }

    private static func refuse(_ message: Association.Message) throws(AssociationEnd) {
        guard message.command.field & CommandSet.Field.response == 0 else { throw .unexpectedResponse }
        throw .protocolError("a request, where a response was due")
    }
}

extension Operation.Kind {
    fileprivate var field: UInt16 {
        switch self {
        case .find: CommandSet.Field.find
        case .move: CommandSet.Field.move
        case .get: CommandSet.Field.get
        }
    }
}

extension OperationResult {
    fileprivate init(_ message: Association.Message, identifier: [UInt8]?) {
        let command = message.command
        self.init(
            command.status, errorComment: command[text: .errorComment],
            identifier: command.hasDataSet ? identifier : nil,
            counts: command.contains(.completedSuboperations) ? SuboperationCounts(command) : nil)
    }
}
