package import DICOMArchive
package import DICOMNetwork
import Synchronization

/// The archive as an application entity: it stores what arrives, and answers what is asked (PS3.4 annexes A, B, C and J).
package final class ArchiveProvider: ServiceProvider {
    /// How it does.
    package struct Configuration: Sendable {
        /// Our AE title.
        package var aeTitle = "DICOMFS"
        /// Bytes of the longest data set that is taken; nil for any.
        package var longestInstance: Int?
        /// The most answers to a C-FIND; nil for all.
        package var findLimit: Int?
        /// With what peers that want TLS are called; nil when that cannot be.
        package var tls: TLSContext?

        /// The defaults.
        package init() {}
    }

    /// A line for the log.
    package struct LogEntry: Sendable {
        /// Whether something was not stored, or a peer failed.
        package var isProblem: Bool
        /// The line.
        package var line: String
    }

    let archive: Archive
    let configuration: Configuration
    let peers: Peers
    let log: @Sendable (LogEntry) -> Void
    /// Of the associations under way: by their ids, then by destinations: one that the settings describe anew is another.
    let destinations = Mutex<[UInt64: [Peer: MoveDestination]]>([:])
    let reporter: CommitmentReporter

    /// A provider that tells `log` what it refused and how associations ended.
    package init(
        _ archive: Archive, peers: Peers, configuration: Configuration = Configuration(),
        log: @escaping @Sendable (LogEntry) -> Void
    ) {
        self.archive = archive
        self.peers = peers
        self.configuration = configuration
        self.log = log
        reporter = CommitmentReporter(
            call: { Self.association(with: $0, peers, configuration) }, log: log)
    }

    package func decide(_ association: AssociationInfo) -> AssociationDecision {
        let decision = peers.decide(
            callingAETitle: association.callingAETitle, calledAETitle: association.calledAETitle,
            peerAddress: association.peerAddress)
        return switch decision {
        case .accept(let rights, _): .accept(rights)
        case .rejectCallingAETitle(let why): .rejectCallingAETitle(why)
        case .rejectCalledAETitle(let why): .rejectCalledAETitle(why)
        }
    }

    package func may(_ right: ServiceRights, _ association: AssociationInfo) -> Bool {
        peers.rights(callingAETitle: association.callingAETitle, peerAddress: association.peerAddress).rights
            .contains(right)
    }

    package func canTranscode(to transferSyntaxUID: String) -> Bool { Archive.canTranscode(to: transferSyntaxUID) }

    package func beginStore(_ request: StoreRequest) -> any StoreReceiver {
        InstanceReceiver(request, archive: archive, longest: configuration.longestInstance, log: log)
    }

    package func perform(_ operation: Operation) throws -> OperationResult {
        switch operation.kind {
        case .find: try find(operation)
        case .move: try move(operation)
        case .get: try get(operation)
        }
    }

    /// Releases its destinations: one that moves to itself, as dcmtk's movescu does, may wait for that before it asks for more.
    package func associationPaused(_ association: AssociationInfo) { releaseDestinations(of: association) }

    package func associationEnded(_ summary: AssociationSummary) {
        releaseDestinations(of: summary.association)
        log(LogEntry(summary))
    }

    private func releaseDestinations(of association: AssociationInfo) {
        let kept = destinations.withLock { $0.removeValue(forKey: association.id) }
        kept?.values.forEach { $0.user.close() }
    }

    func note(_ line: String, isProblem: Bool = false) { log(LogEntry(isProblem: isProblem, line: line)) }
}

extension ArchiveProvider.LogEntry {
    /// One line for an association, at its end.
    init(_ summary: AssociationSummary) {
        let duration = summary.duration.components
        let seconds = Double(duration.seconds) + Double(duration.attoseconds) / 1e18
        var parts: [String] = []
        if summary.operations == 0 || summary.stored + summary.refused > 0 {
            parts += ["\(summary.stored) stored", "\(summary.refused) refused", "\(summary.bytes) bytes"]
        }
        if summary.operations > 0 { parts.append("\(summary.operations) operations") }
        if summary.matches > 0 { parts.append("\(summary.matches) matches") }
        if summary.sent > 0 { parts.append("\(summary.sent) sent") }
        parts.append("\((seconds * 1000).rounded() / 1000) s")
        if let tls = summary.association.tls { parts.append(tls) }
        parts.append(summary.ending)
        self.init(
            isProblem: summary.ending != "released" || summary.refused > 0,
            line: "association \(summary.association.peer): " + parts.joined(separator: ", "))
    }
}

extension AssociationInfo {
    /// `CT1@10.0.0.5`
    var peer: String { "\(callingAETitle.isEmpty ? "unknown" : callingAETitle)@\(peerAddress)" }
}
