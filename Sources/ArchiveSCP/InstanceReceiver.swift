import DICOMArchive
import DICOMNetwork

/// Takes the data set of one C-STORE request into the archive.
final class InstanceReceiver: StoreReceiver {
    private let request: StoreRequest
    private let log: @Sendable (ArchiveProvider.LogEntry) -> Void
    private var ingest: InstanceIngest?
    private var failure: ArchiveError?
    /// Bytes that may still come.
    private var left: Int
    private let longest: Int?

    init(
        _ request: StoreRequest, archive: Archive, longest: Int?,
        log: @escaping @Sendable (ArchiveProvider.LogEntry) -> Void
    ) {
        self.longest = longest
        left = longest ?? .max
        self.request = request
        self.log = log
        ingest = archive.beginInstance(
            head: .newest, transferSyntaxUID: request.transferSyntaxUID,
            sender: Sender(
                kind: .store, callingAETitle: request.association.callingAETitle,
                host: request.association.peerAddress))
    }

    func receive(_ bytes: RawSpan) throws {
        do throws(ArchiveError) {
            left -= bytes.byteCount
            if left < 0 {
                throw ArchiveError(.noSpace, "longer than the \(longest ?? 0) bytes that an instance may have")
            }
            try ingest?.receive(bytes)
        } catch {
            failure = error
            ingest = nil
            throw error
        }
    }

    func finish() -> StoreResponse {
        do throws(ArchiveError) {
            if let failure { throw failure }
            guard let prepared = try ingest?.prepare() else {
                return StoreResponse(.processingFailure, errorComment: "request already finished")
            }
            if prepared.identity.sopInstanceUID != request.sopInstanceUID {
                return refuse(
                    .dataSetDoesNotMatch, comment: "SOP Instance UID differs from the command's",
                    "the data set's SOP Instance UID \(prepared.identity.sopInstanceUID) is not the command's")
            }
            _ = try prepared.commit()
            if prepared.identity.sopClassUID != request.sopClassUID {
                return StoreResponse(
                    .dataSetDoesNotMatchSOPClass, errorComment: "stored under the data set's SOP Class")
            }
            return StoreResponse()
        } catch {
            return refuse(DIMSEStatus(error), comment: error.description, error.description)
        }
    }

    func abandon() { ingest = nil }

    private func refuse(_ status: DIMSEStatus, comment: String, _ reason: String) -> StoreResponse {
        let sender = "\(request.association.callingAETitle)@\(request.association.peerAddress)"
        log(
            ArchiveProvider.LogEntry(
                isProblem: true, line: "not stored: \(request.sopInstanceUID.prefix(64)) from \(sender): \(reason)"))
        return StoreResponse(status, errorComment: comment)
    }
}

extension DIMSEStatus {
    /// What an archive's failure is to the sender.
    init(_ error: ArchiveError) {
        switch error.code {
        case .noSpace: self = .outOfResources
        case .refused, .notAnInstance: self = .cannotUnderstand
        default: self = .processingFailure
        }
    }
}
