package import DICOMNetwork

extension ArchiveProvider {
    /// By peer and rights: see ``Peers/rights(callingAETitle:peerAddress:)``. Without peers, all are accepted.
    package func decide(_ association: AssociationInfo) -> AssociationDecision {
        guard let peers else { return .accept }
        let decision = peers.decide(
            callingAETitle: association.callingAETitle, calledAETitle: association.calledAETitle,
            peerAddress: association.peerAddress)
        switch decision {
        case .accept: return .accept
        case .rejectCallingAETitle(let reason):
            log(LogEntry(isProblem: true, line: "rejected: \(reason)"))
            return .rejectCallingAETitle
        case .rejectCalledAETitle(let reason):
            log(LogEntry(isProblem: true, line: "rejected: \(reason)"))
            return .rejectCalledAETitle
        }
    }

    /// Success, or 0124 for who may not.
    package func echo(_ association: AssociationInfo) -> DIMSEStatus {
        may(.echo, association) ? .success : .notAuthorized
    }

    /// Whether a peer has a right now, as the table has changed since it associated.
    func may(_ right: ServiceRights, _ association: AssociationInfo) -> Bool {
        guard let peers else { return true }
        return peers.rights(callingAETitle: association.callingAETitle, peerAddress: association.peerAddress).rights
            .contains(right)
    }
}

extension DIMSEStatus {
    /// 0124: refused, not authorized (PS3.7 annex C.5).
    static let notAuthorized = DIMSEStatus(rawValue: 0x0124)
}

/// A C-STORE request of a peer that may not: its data set is drained, then it is answered with 0124.
final class UnauthorizedStore: StoreReceiver {
    func receive(_ bytes: RawSpan) {}

    func finish() -> StoreResponse { StoreResponse(.notAuthorized, errorComment: "no right to store") }

    func abandon() {}
}
