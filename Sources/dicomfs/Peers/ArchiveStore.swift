import ArchiveControl
import ArchiveSCP
import DICOM
import DICOMArchive
import DICOMNetwork
import Synchronization

/// Stores what a peer sends to a command into the archive, here or through the process that serves it. Any thread.
final class ArchiveStore: StoreProvider {
    private let access: ArchiveAccess
    private let counted = Mutex(Counts())

    /// What became of the instances.
    struct Counts: Sendable {
        var stored = 0
        /// A sentence for each.
        var refused: [String] = []
    }

    init(_ access: ArchiveAccess) { self.access = access }

    var counts: Counts { counted.withLock { $0 } }

    func beginStore(_ request: StoreRequest) -> any StoreReceiver { Receiver(request, self) }

    private func count(_ response: StoreResponse, _ uid: String) -> StoreResponse {
        counted.withLock { counts in
            if response.status == .success || response.status.isWarning {
                counts.stored += 1
            } else {
                counts.refused.append("\(uid): \(response.errorComment)")
            }
        }
        return response
    }

    /// One instance.
    private final class Receiver: StoreReceiver {
        private let request: StoreRequest
        private let store: ArchiveStore
        private var stream: InstanceStream?
        private var failure: Failure?

        init(_ request: StoreRequest, _ store: ArchiveStore) {
            self.request = request
            self.store = store
            do throws(Failure) {
                let stream = try InstanceStream(
                    store.access, name: request.sopInstanceUID,
                    sender: StoreSender(
                        callingAETitle: request.association.callingAETitle, host: request.association.peerAddress,
                        sopInstanceUID: request.sopInstanceUID),
                    receive: { _ in })
                // The head that the archive makes itself: it keeps none.
                let head = Part10Head.generated(
                    format: Part10Head.currentFormat, sopClassUID: request.sopClassUID,
                    sopInstanceUID: request.sopInstanceUID, transferSyntaxUID: request.transferSyntaxUID)
                if let head { try? stream.send(head.span.bytes) }
                self.stream = stream
            } catch {
                failure = error
            }
        }

        func receive(_ bytes: RawSpan) throws { try stream?.send(bytes) }

        func finish() -> StoreResponse {
            do throws(Failure) {
                if let failure { throw failure }
                try stream?.finish()
                return store.count(StoreResponse(), request.sopInstanceUID)
            } catch {
                let status: DIMSEStatus =
                    switch error.code {
                    case .noSpace: .outOfResources
                    case .refused, .notAnInstance: .cannotUnderstand
                    default: .processingFailure
                    }
                return store.count(StoreResponse(status, errorComment: error.description), request.sopInstanceUID)
            }
        }

        func abandon() { try? stream?.abandon() }
    }
}
