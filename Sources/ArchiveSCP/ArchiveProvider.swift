package import DICOMArchive
package import DICOMNetwork

/// The archive as an application entity: what arrives by C-STORE is stored (PS3.4 annex B).
package final class ArchiveProvider: ServiceProvider {
    private let archive: Archive
    private let longestInstance: Int?
    let peers: Peers?
    let log: @Sendable (LogEntry) -> Void

    /// A line for the log.
    package struct LogEntry: Sendable {
        /// Whether something was not stored, or a peer failed.
        package var isProblem: Bool
        /// The line.
        package var line: String
    }

    /// A provider that stores in an archive and tells `log` what it refused and how associations ended.
    ///
    /// - Parameters:
    ///   - longestInstance: bytes of the longest data set that is taken; nil for any.
    ///   - peers: who may do what; nil for all.
    package init(
        _ archive: Archive, longestInstance: Int? = nil, peers: Peers? = nil,
        log: @escaping @Sendable (LogEntry) -> Void
    ) {
        self.archive = archive
        self.longestInstance = longestInstance
        self.peers = peers
        self.log = log
    }

    package func beginStore(_ request: StoreRequest) -> any StoreReceiver {
        guard may(.store, request.association) else { return UnauthorizedStore() }
        return InstanceReceiver(request, archive: archive, longest: longestInstance, log: log)
    }

    package func associationEnded(_ summary: AssociationSummary) {
        let duration = summary.duration.components
        let seconds = Double(duration.seconds) + Double(duration.attoseconds) / 1e18
        let who = summary.association.callingAETitle.isEmpty ? "unknown" : summary.association.callingAETitle
        let line =
            "association \(who)@\(summary.association.peerAddress): \(summary.stored) stored, \(summary.refused) refused, "
            + "\(summary.bytes) bytes, \((seconds * 1000).rounded() / 1000) s, \(summary.ending)"
        log(LogEntry(isProblem: summary.ending != "released" || summary.refused > 0, line: line))
    }
}
