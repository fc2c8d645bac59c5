import CDCMTK

/// Serves one association to its end: the DIMSE level (PS3.7) over its presentation data values.
///
/// DCMTK's own DIMSE layer gives up on transfer syntaxes it does not know; here the data set's bytes pass through.
final class AssociationTask {
    /// The most bytes of a command set: an honest one has some hundreds.
    private static let longestCommand = 64 << 10

    private let association: Association
    private let provider: any ServiceProvider
    private var summary: AssociationSummary
    private let isStopping: () -> Bool
    /// When it has lasted long enough; how long that is.
    private let limit: (at: ContinuousClock.Instant, seconds: Int)?
    private var command: [UInt8] = []
    private var commandContext: UInt8?
    private var store: PendingStore?

    /// A C-STORE request whose data set is arriving.
    private struct PendingStore {
        var command: CommandSet
        var context: UInt8
        var receiver: any StoreReceiver
        var hasFailed = false
    }

    /// - Parameters:
    ///   - seconds: how long it may last; nil for ever.
    ///   - isStopping: whether to serve no more than what is already being answered.
    init(
        _ association: Association, provider: any ServiceProvider, seconds: Int?, isStopping: @escaping () -> Bool
    ) {
        limit = seconds.map { (.now + .seconds($0), $0) }
        self.association = association
        self.provider = provider
        self.isStopping = isStopping
        summary = AssociationSummary(association: association.info)
    }

    /// Serves requests until the association ends; what happened.
    func run() -> AssociationSummary {
        while summary.ending.isEmpty {
            switch association.next(until: limit?.at) {
            case .released:
                association.acknowledgeRelease()
                summary.ending = "released"
            // Also when more has come: a peer that keeps sending would not notice that its connection is read no more.
            case _ where isStopping(): end("ended by us")
            case _ where limit.map { $0.at <= .now } ?? false:
                end("ended by us: it lasted more than the \(limit?.seconds ?? 0) seconds that it may")
            case .pdv(let pdv): receive(pdv)
            case .ended(let how, let shouldAbort):
                if shouldAbort { association.abort() }
                summary.ending = how
            }
        }
        if let store {
            store.receiver.abandon()
            summary.ending += " in the middle of an instance"
        }
        return summary
    }

    private func receive(_ pdv: cdcmtk_pdv) {
        let bytes = UnsafeRawBufferPointer(start: pdv.data, count: pdv.length)
        if pdv.is_command != 0 {
            receiveCommand(bytes, isLast: pdv.is_last != 0, context: pdv.context_id)
        } else {
            receiveData(bytes, isLast: pdv.is_last != 0, context: pdv.context_id)
        }
    }

    private func receiveCommand(_ bytes: UnsafeRawBufferPointer, isLast: Bool, context: UInt8) {
        guard store == nil else { return end("protocol error: a command in the middle of a data set") }
        guard association.transferSyntax(of: context) != nil else {
            return end("protocol error: a command on a presentation context that was not accepted")
        }
        guard commandContext ?? context == context else {
            return end("protocol error: a command on two presentation contexts")
        }
        guard command.count + bytes.count <= Self.longestCommand else {
            return end("protocol error: a command set of more than \(Self.longestCommand) bytes")
        }
        command.append(contentsOf: bytes)
        commandContext = isLast ? nil : context
        guard isLast else { return }
        defer { command.removeAll(keepingCapacity: true) }
        guard let request = CommandSet(command) else {
            return end("protocol error: a command set that cannot be read")
        }
        perform(request, context: context)
    }

    private func perform(_ request: CommandSet, context: UInt8) {
        let hasDataSet = request.dataSetType != CommandSet.noDataSet
        switch request.commandField {
        case 0x0030:
            guard !hasDataSet else { return end("protocol error: C-ECHO with a data set") }
            respond(to: request, StoreResponse(provider.echo(association.info)), context: context)
        case 0x0001:
            guard hasDataSet else { return end("protocol error: C-STORE without a data set") }
            beginStore(request, context: context)
        case 0x0FFF:
            // C-CANCEL of an operation that is never under way here.
            break
        case 0x8000...:
            end("protocol error: a response to nothing that was asked")
        default:
            // Its data set, if one follows, is drained.
            if hasDataSet {
                let refusal = RefusedRequest(StoreResponse(.unrecognizedOperation))
                store = PendingStore(command: request, context: context, receiver: refusal)
            } else {
                respond(to: request, StoreResponse(.unrecognizedOperation), context: context)
            }
        }
    }

    private func beginStore(_ command: CommandSet, context: UInt8) {
        let request = StoreRequest(
            association: association.info, messageID: command.messageID,
            sopClassUID: command.affectedSOPClassUID, sopInstanceUID: command.affectedSOPInstanceUID,
            transferSyntaxUID: association.transferSyntax(of: context) ?? "")
        let receiver: any StoreReceiver =
            association.isForStorage(context)
            ? provider.beginStore(request) : RefusedRequest(StoreResponse(.sopClassNotSupported))
        store = PendingStore(command: command, context: context, receiver: receiver)
    }

    private func receiveData(_ bytes: UnsafeRawBufferPointer, isLast: Bool, context: UInt8) {
        guard var store else { return end("protocol error: a data set without a command") }
        guard store.context == context else { return end("protocol error: a data set on another presentation context") }
        summary.bytes += bytes.count
        if !store.hasFailed {
            do { try store.receiver.receive(bytes.bytes) } catch { store.hasFailed = true }
        }
        self.store = store
        guard isLast else { return }
        self.store = nil
        let response = store.receiver.finish()
        if response.status == .success || response.status == .dataSetDoesNotMatchSOPClass {
            summary.stored += 1
        } else {
            summary.refused += 1
        }
        respond(to: store.command, response, context: context)
    }

    private func respond(to request: CommandSet, _ response: StoreResponse, context: UInt8) {
        let answer = CommandSet(responseTo: request, status: response.status, errorComment: response.errorComment)
        if !association.send(answer, on: context) { end("connection lost while answering") }
    }

    private func end(_ how: String) {
        association.abort()
        summary.ending = how
    }
}

/// A request that is not served: its data set is drained, then it is answered.
private final class RefusedRequest: StoreReceiver {
    private let response: StoreResponse

    init(_ response: StoreResponse) { self.response = response }

    func receive(_ bytes: RawSpan) {}

    func finish() -> StoreResponse { response }

    func abandon() {}
}
