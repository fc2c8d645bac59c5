/// Serves one association to its end: each request goes to the provider, and its answer back (PS3.7).
final class AssociationTask {
    private let association: Association
    private let provider: any ServiceProvider
    private var summary: AssociationSummary
    /// Whether the provider has been told of a pause since the last C-MOVE.
    private var isPauseTold = true
    /// How long a peer may say nothing after a C-MOVE before that is a pause.
    private static let pauseMilliseconds = 500
    /// The reports that were sent and not answered yet, by their message ids.
    private var reports: [UInt16: CommitmentReport] = [:]
    /// The most of them: an honest peer answers each.
    private static let mostReports = 8

    init(_ association: Association, provider: any ServiceProvider) {
        self.association = association
        self.provider = provider
        summary = AssociationSummary(association: association.info)
    }

    /// Serves requests until the association ends; what happened.
    func run() -> AssociationSummary {
        do throws(AssociationEnd) {
            while true {
                if !isPauseTold, !association.hasInput(within: Self.pauseMilliseconds) {
                    isPauseTold = true
                    provider.associationPaused(association.info)
                }
                try serve(association.nextMessage())
            }
        } catch {
            association.conclude(error)
            summary.ending = error.description
        }
        for report in reports.values {
            provider.commitmentReported(report, to: association.info, isDelivered: false)
        }
        return summary
    }

    private func serve(_ message: Association.Message) throws(AssociationEnd) {
        let command = message.command
        switch command.field {
        case CommandSet.Field.echo:
            guard !command.hasDataSet else { throw .protocolError("C-ECHO with a data set") }
            let status = provider.may(.echo, association.info) ? provider.echo(association.info) : .notAuthorized
            try respond(to: message, StoreResponse(status))
        case CommandSet.Field.store:
            guard command.hasDataSet else { throw .protocolError("C-STORE without a data set") }
            let done = try association.receiveInstance(of: message, provider, refusal: refusal(message.context))
            summary.bytes += done.bytes
            if done.status == .success || done.status.isWarning { summary.stored += 1 } else { summary.refused += 1 }
        case CommandSet.Field.find: try perform(.find, message)
        case CommandSet.Field.move: try perform(.move, message)
        case CommandSet.Field.get: try perform(.get, message)
        case CommandSet.Field.action: try commit(message)
        case CommandSet.Field.eventReport: try receiveReport(message)
        // Of an operation that has come to its end meanwhile.
        case CommandSet.Field.cancel: break
        case CommandSet.Field.response...: try receiveAnswer(message)
        default:
            _ = try association.dataSet(of: message, limit: 0)
            try respond(to: message, StoreResponse(.unrecognizedOperation))
        }
    }

    /// Why nothing can be stored on a context; nil where it can.
    private func refusal(_ context: PresentationContext) -> StoreResponse? {
        guard SOPClass.isStorage(context.abstractSyntax) else { return StoreResponse(.sopClassNotSupported) }
        let isAllowed = context.isProvider && provider.may(.store, association.info)
        return isAllowed ? nil : StoreResponse(.notAuthorized)
    }

    private func perform(_ kind: Operation.Kind, _ message: Association.Message) throws(AssociationEnd) {
        let right: ServiceRights =
            switch kind {
            case .find: .find
            case .move: .move
            case .get: .get
            }
        guard let identifier = try association.dataSet(of: message) else {
            return try respond(
                to: message, StoreResponse(.cannotUnderstand, errorComment: "the identifier is too long"))
        }
        guard SOPClass.right(of: message.context.abstractSyntax) == right, message.context.isProvider else {
            return try respond(to: message, StoreResponse(.sopClassNotSupported))
        }
        guard provider.may(right, association.info) else {
            return try respond(to: message, StoreResponse(.notAuthorized))
        }
        let operation = Operation(kind, message, identifier: identifier, on: association) {
            answer throws(AssociationEnd) in try self.receiveAnswer(answer)
        }
        if kind == .move { isPauseTold = false }
        defer {
            summary.operations += 1
            if kind == .find { summary.matches += operation.pendingResponses }
            summary.sent += operation.sentInstances
        }
        let result: OperationResult
        do { result = try provider.perform(operation) } catch {
            if let end = error as? AssociationEnd { throw end }
            result = OperationResult(.processingFailure, errorComment: "\(error)")
        }
        try operation.send(result)
    }

    private func commit(_ message: Association.Message) throws(AssociationEnd) {
        summary.operations += 1
        guard let bytes = try association.dataSet(of: message) else {
            return try respond(to: message, StoreResponse(.invalidArgument, errorComment: "the data set is too long"))
        }
        guard message.context.abstractSyntax == SOPClass.storageCommitment, message.context.isProvider else {
            return try respond(to: message, StoreResponse(.sopClassNotSupported))
        }
        guard provider.may(.commit, association.info) else {
            return try respond(to: message, StoreResponse(.notAuthorized))
        }
        guard message.command[text: .requestedSOPInstanceUID] == SOPClass.storageCommitmentInstance else {
            return try respond(to: message, StoreResponse(.noSuchInstance))
        }
        guard message.command[.actionTypeID] == 1 else { return try respond(to: message, StoreResponse(.noSuchAction)) }
        guard reports.count < Self.mostReports else {
            return try respond(
                to: message, StoreResponse(.resourceLimitation, errorComment: "answer the reports that were sent first")
            )
        }
        let request = CommitmentRequest(
            association: association.info, dataSet: bytes, transferSyntaxUID: message.context.transferSyntax)
        let answer = provider.requestCommitment(request)
        try respond(to: message, answer.response)
        guard let report = answer.report else { return }
        let command = association.reportCommand(report)
        reports[command[.messageID]] = report
        let dataSet = report.dataSet(message.context.transferSyntax)
        try association.send(command, dataSet: dataSet, on: message.context.id)
    }

    /// The peer's answer to a report; it may come within an operation.
    private func receiveAnswer(_ message: Association.Message) throws(AssociationEnd) {
        guard message.command.field == CommandSet.Field.eventReport | CommandSet.Field.response,
            let report = reports.removeValue(forKey: message.command[.messageIDBeingRespondedTo])
        else { throw .unexpectedResponse }
        association.dropDataSet(of: message)
        let isDelivered = message.command.status == .success
        provider.commitmentReported(report, to: association.info, isDelivered: isDelivered)
    }

    private func receiveReport(_ message: Association.Message) throws(AssociationEnd) {
        guard let bytes = try association.dataSet(of: message) else {
            return try respond(to: message, StoreResponse(.invalidArgument, errorComment: "the data set is too long"))
        }
        // Not all who provide it propose their role.
        guard message.context.abstractSyntax == SOPClass.storageCommitment else {
            return try respond(to: message, StoreResponse(.sopClassNotSupported))
        }
        guard provider.may(.commit, association.info) else {
            return try respond(to: message, StoreResponse(.notAuthorized))
        }
        let report = ReceivedReport(
            association: association.info, eventTypeID: message.command[.eventTypeID], dataSet: bytes,
            transferSyntaxUID: message.context.transferSyntax)
        try respond(to: message, StoreResponse(provider.receiveReport(report)))
    }

    private func respond(to message: Association.Message, _ response: StoreResponse) throws(AssociationEnd) {
        try association.respond(to: message, response)
    }
}

extension Association {
    func respond(to message: Message, _ response: StoreResponse) throws(AssociationEnd) {
        try send(
            CommandSet(responseTo: message.command, status: response.status, errorComment: response.errorComment),
            on: message.context.id)
    }

    /// Takes the data set of a C-STORE request and answers it.
    ///
    /// - Parameter refusal: the answer when it is not to be stored: the data set is drained.
    func receiveInstance(
        of message: Message, _ provider: some StoreProvider, refusal: StoreResponse? = nil
    ) throws(AssociationEnd) -> (status: DIMSEStatus, bytes: Int) {
        let receiver =
            refusal == nil
            ? provider.beginStore(
                StoreRequest(
                    association: info, messageID: message.command[.messageID],
                    sopClassUID: message.command[text: .affectedSOPClassUID],
                    sopInstanceUID: message.command[text: .affectedSOPInstanceUID],
                    transferSyntaxUID: message.context.transferSyntax)) : nil
        var bytes = 0
        var hasFailed = receiver == nil
        do throws(AssociationEnd) {
            try receiveDataSet(of: message) { more in
                bytes += more.byteCount
                if !hasFailed { do { try receiver?.receive(more) } catch { hasFailed = true } }
            }
        } catch {
            receiver?.abandon()
            throw AssociationEnd("\(error) in the middle of an instance", error.answer)
        }
        let response = receiver?.finish() ?? refusal ?? StoreResponse()
        try respond(to: message, response)
        return (response.status, bytes)
    }

    /// N-EVENT-REPORT of storage commitment.
    func reportCommand(_ report: CommitmentReport) -> CommandSet {
        var command = CommandSet(
            CommandSet.Field.eventReport, messageID: takeMessageID(), sopClassUID: SOPClass.storageCommitment,
            hasDataSet: true)
        command[text: .affectedSOPInstanceUID] = SOPClass.storageCommitmentInstance
        command[.eventTypeID] = report.eventTypeID
        return command
    }
}
