import DICOM
import DICOMArchive
package import DICOMNetwork

/// Storage commitment (PS3.4 annex J): we answer from what is on disk.
extension ArchiveProvider {
    package func requestCommitment(_ request: CommitmentRequest) -> CommitmentAnswer {
        let peer = request.association.peer
        do {
            let asked = try CommitmentIdentifier(
                bytes: request.dataSet, transferSyntaxUID: request.transferSyntaxUID)
            guard !asked.references.isEmpty else {
                throw IdentifierError(
                    .invalidArgument, [.referencedSOPSequence], "Referenced SOP Sequence is missing or empty")
            }
            let answer = try answer(asked)
            let line = "commitment for \(peer): \(answer.references.count) stored, \(answer.failures.count) not"
            note(line, isProblem: !answer.failures.isEmpty)
            let report = CommitmentReport(
                eventTypeID: answer.failures.isEmpty ? 1 : 2, instances: asked.references.count
            ) { answer.encoded(as: $0) }
            return CommitmentAnswer(StoreResponse(), report: report)
        } catch let error as IdentifierError {
            note("commitment for \(peer) refused: \(error.comment)", isProblem: true)
            return CommitmentAnswer(StoreResponse(error.status, errorComment: error.comment))
        } catch {
            note("commitment for \(peer) failed: \(error)", isProblem: true)
            return CommitmentAnswer(StoreResponse(.processingFailure, errorComment: "\(error)"))
        }
    }

    /// Which of the instances are stored.
    private func answer(_ asked: CommitmentIdentifier) throws(ArchiveError) -> CommitmentIdentifier {
        var answer = CommitmentIdentifier(transactionUID: asked.transactionUID, references: [])
        var known: [String: [String]] = [:]
        for reference in asked.references {
            let uid = reference.sopInstanceUID
            var classes = known[uid] ?? []
            if known[uid] == nil { classes = try archive.storedSOPClasses(ofInstance: uid) }
            known[uid] = classes
            if classes.contains(reference.sopClassUID) {
                answer.references.append(reference)
            } else {
                let reason: DIMSEStatus = classes.isEmpty ? .noSuchInstance : .classInstanceConflict
                answer.failures.append((reference, reason.rawValue))
            }
        }
        return answer
    }

    /// A report that did not reach its peer over the association of the request goes over one of its own.
    package func commitmentReported(
        _ report: CommitmentReport, to association: AssociationInfo, isDelivered: Bool
    ) {
        if isDelivered { return }
        guard Self.association(with: association, peers, configuration) != nil else {
            return note(
                "the report on a commitment did not reach \(association.peer), and no peer with that AE title"
                    + " has a port to send it to", isProblem: true)
        }
        reporter.send(report, to: association)
    }

    /// An association with who asked for one with us; nil when the settings do not say where it listens.
    static func association(
        with requester: AssociationInfo, _ peers: Peers, _ configuration: Configuration
    ) -> RequestedAssociation? {
        let peer = peers.destination(aeTitle: requester.callingAETitle, peerAddress: requester.peerAddress)
        return peer?.association(as: configuration.aeTitle, configuration.tls)
    }

    package func receiveReport(_ report: ReceivedReport) -> DIMSEStatus {
        do throws(IdentifierError) {
            let said = try CommitmentIdentifier(bytes: report.dataSet, transferSyntaxUID: report.transferSyntaxUID)
            note(
                "commitment \(said.transactionUID) by \(report.association.peer): \(said.references.count) stored,"
                    + " \(said.failures.count) not", isProblem: !said.failures.isEmpty)
            archive.commitmentReports.add(
                CommitmentReports.Report(dataSet: report.dataSet, transferSyntaxUID: report.transferSyntaxUID),
                transaction: said.transactionUID)
            return .success
        } catch {
            note("a report of \(report.association.peer) refused: \(error.comment)", isProblem: true)
            return error.status
        }
    }
}
