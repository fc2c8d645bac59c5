package import DICOMNetwork

/// Who may do what: the peers that are known, what those who are not may do, and whether all must call us by our name.
package struct PeerTable: Sendable {
    /// In the order of the settings.
    package let peers: [Peer]
    /// What those may ask for whose AE title no peer has.
    package let unknownRights: ServiceRights
    /// The AE title that peers must call us by; nil for any.
    package let calledAETitle: String?

    /// Unless something else is said, peers that are not known may echo and store, and nothing else.
    ///
    /// - Throws: when two peers have the same name, or both the same AE title and the same host.
    package init(
        peers: [Peer] = [], unknownRights: ServiceRights = [.echo, .store], calledAETitle: String? = nil
    ) throws(PeerError) {
        for (place, peer) in peers.enumerated() {
            for other in peers[..<place] {
                if other.name == peer.name { throw PeerError("two peers are called \(peer.name)") }
                if other.aeTitle == peer.aeTitle, other.host == peer.host {
                    throw PeerError(
                        "the peers \(other.name) and \(peer.name) have the same AE title \(peer.aeTitle) and the same host \(peer.host)"
                    )
                }
            }
        }
        self.peers = peers
        self.unknownRights = unknownRights
        self.calledAETitle = calledAETitle
    }
}
