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
    private var command: [UInt8] = []
    private var store: PendingStore?

    /// A C-STORE request whose data set is arriving.
    private struct PendingStore {
        var command: cdcmtk_command
        var context: UInt8
        var receiver: any StoreReceiver
        var hasFailed = false
    }

    init(_ association: Association, provider: any ServiceProvider) {
        self.association = association
        self.provider = provider
        summary = AssociationSummary(association: association.info)
    }

    /// Serves requests until the association ends; what happened.
    func run() -> AssociationSummary {
        while summary.ending.isEmpty {
            switch association.next() {
            case .pdv(let pdv): receive(pdv)
            case .released:
                association.acknowledgeRelease()
                summary.ending = "released"
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
        guard command.count + bytes.count <= Self.longestCommand else {
            return end("protocol error: a command set of more than \(Self.longestCommand) bytes")
        }
        command.append(contentsOf: bytes)
        guard isLast else { return }
        var request = cdcmtk_command()
        let isCommand = cdcmtk_command_decode(command, command.count, &request) != 0
        command.removeAll(keepingCapacity: true)
        guard isCommand else { return end("protocol error: a command set that cannot be read") }
        perform(request, context: context)
    }

    private func perform(_ request: cdcmtk_command, context: UInt8) {
        let hasDataSet = request.data_set_type != Self.noDataSet
        switch request.command_field {
        case 0x0030:
            guard !hasDataSet else { return end("protocol error: C-ECHO with a data set") }
            respond(to: request, StoreResponse(provider.echo(association.info)), context: context)
        case 0x0001:
            guard hasDataSet else { return end("protocol error: C-STORE without a data set") }
            beginStore(request, context: context)
        case 0x0FFF:
            // C-CANCEL of an operation that is never under way here.
            break
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

    private func beginStore(_ command: cdcmtk_command, context: UInt8) {
        let request = StoreRequest(
            association: association.info, messageID: command.message_id,
            sopClassUID: withUnsafeBytes(of: command.sop_class_uid) { text($0) },
            sopInstanceUID: withUnsafeBytes(of: command.sop_instance_uid) { text($0) },
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

    private func respond(to request: cdcmtk_command, _ response: StoreResponse, context: UInt8) {
        var answer = request
        answer.command_field = request.command_field | 0x8000
        answer.message_id_responded_to = request.message_id
        answer.data_set_type = Self.noDataSet
        answer.status = response.status.rawValue
        withUnsafeMutableBytes(of: &answer.error_comment) { target in
            target.initializeMemory(as: UInt8.self, repeating: 0)
            let ascii = response.errorComment.utf8.map { (0x20..<0x7F).contains($0) && $0 != 0x5C ? $0 : UInt8(ascii: "?") }
            target.copyBytes(from: ascii.prefix(64))
        }
        if !association.send(answer, on: context) { end("connection lost while answering") }
    }

    private func end(_ how: String) {
        association.abort()
        summary.ending = how
    }

    /// Command Data Set Type (0000,0800) of a message without a data set.
    private static let noDataSet: UInt16 = 0x0101
}

/// A request that is not served: its data set is drained, then it is answered.
private final class RefusedRequest: StoreReceiver {
    private let response: StoreResponse

    init(_ response: StoreResponse) { self.response = response }

    func receive(_ bytes: RawSpan) {}

    func finish() -> StoreResponse { response }

    func abandon() {}
}
