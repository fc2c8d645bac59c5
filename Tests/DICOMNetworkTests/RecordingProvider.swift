import DICOMNetwork
import Dispatch
import Synchronization

/// A provider that keeps in memory what arrives.
final class RecordingProvider: ServiceProvider {
    /// An instance that arrived, in whole or not.
    struct Instance: Sendable {
        var request: StoreRequest
        var bytes: [UInt8] = []
        var isFinished = false
        var isAbandoned = false
    }

    private struct State {
        var instances: [Instance] = []
        var summaries: [AssociationSummary] = []
    }

    private let state = Mutex(State())
    private let ended = DispatchSemaphore(value: 0)
    private let response: StoreResponse
    private let failsAfter: Int
    private let decision: AssociationDecision
    private let operate: @Sendable (DICOMNetwork.Operation) throws -> OperationResult

    /// - Parameters:
    ///   - response: the answer to every C-STORE.
    ///   - failsAfter: how many bytes of an instance are taken before receiving fails.
    ///   - operate: answers C-FIND, C-MOVE and C-GET.
    init(
        response: StoreResponse = StoreResponse(), failsAfter: Int = .max,
        decision: AssociationDecision = .accept([.echo, .store]),
        operate: @escaping @Sendable (DICOMNetwork.Operation) throws -> OperationResult = { _ in
            OperationResult(.processingFailure)
        }
    ) {
        self.operate = operate
        self.response = response
        self.failsAfter = failsAfter
        self.decision = decision
    }

    var instances: [Instance] { state.withLock { $0.instances } }

    /// Waits for the next association to end.
    func nextSummary() throws -> AssociationSummary {
        guard ended.wait(timeout: .now() + 60) == .success else { throw NothingCame() }
        return state.withLock { $0.summaries.removeFirst() }
    }

    func decide(_ association: AssociationInfo) -> AssociationDecision { decision }

    func beginStore(_ request: StoreRequest) -> any StoreReceiver {
        let place = state.withLock { state in
            state.instances.append(Instance(request: request))
            return state.instances.count - 1
        }
        return Receiver(provider: self, place: place)
    }

    func perform(_ operation: DICOMNetwork.Operation) throws -> OperationResult { try operate(operation) }

    func requestCommitment(_ request: CommitmentRequest) -> CommitmentAnswer {
        CommitmentAnswer(StoreResponse(.processingFailure))
    }

    func commitmentReported(_ report: CommitmentReport, to association: AssociationInfo, isDelivered: Bool) {}

    func receiveReport(_ report: ReceivedReport) -> DIMSEStatus { .success }

    func associationEnded(_ summary: AssociationSummary) {
        state.withLock { $0.summaries.append(summary) }
        ended.signal()
    }

    private final class Receiver: StoreReceiver {
        let provider: RecordingProvider
        let place: Int

        init(provider: RecordingProvider, place: Int) {
            self.provider = provider
            self.place = place
        }

        func receive(_ bytes: RawSpan) throws {
            let bytes = bytes.withUnsafeBytes { Array($0) }
            let count = provider.state.withLock { state in
                state.instances[place].bytes += bytes
                return state.instances[place].bytes.count
            }
            if count > provider.failsAfter { throw NothingCame() }
        }

        func finish() -> StoreResponse {
            provider.state.withLock { $0.instances[place].isFinished = true }
            return provider.response
        }

        func abandon() { provider.state.withLock { $0.instances[place].isAbandoned = true } }
    }
}

/// What a test waited for did not come.
struct NothingCame: Error {}
