package import DICOMNetwork
import Synchronization

/// The peers and their rights as they are now. Threads may ask at once; another table takes the place of this one whole.
package final class Peers: Sendable {
    private let current: Mutex<PeerTable>
    private let names: PeerNames

    /// What becomes of who calls.
    package enum Decision: Hashable, Sendable {
        /// Accepted with these rights, never none; as the peer, or as one that is not known.
        case accept(ServiceRights, Peer?)
        /// Rejected: calling AE title not recognized (PS3.8 section 9.3.4). Why, as a clause for the log.
        case rejectCallingAETitle(String)
        /// Rejected: called AE title not recognized. Why, as a clause for the log.
        case rejectCalledAETitle(String)

        /// The rights; none of who is rejected.
        package var rights: ServiceRights {
            if case .accept(let rights, _) = self { return rights }
            return []
        }
    }

    package convenience init(_ table: PeerTable) { self.init(table, names: PeerNames()) }

    init(_ table: PeerTable, names: PeerNames) {
        current = Mutex(table)
        self.names = names
    }

    /// The table as it is now.
    package var table: PeerTable { current.withLock { $0 } }

    /// Takes another table from now on, and asks for the addresses of names anew.
    package func replace(_ table: PeerTable) {
        current.withLock { $0 = table }
        names.forget()
    }

    /// Whether an association is accepted, and with what rights.
    ///
    /// May wait for DNS, and only when the AE title is that of a peer whose host is a name.
    ///
    /// - Parameters:
    ///   - callingAETitle: of the peer, without padding.
    ///   - calledAETitle: what it called us.
    ///   - peerAddress: where it calls from, numeric.
    package func decide(callingAETitle: String, calledAETitle: String, peerAddress: String) -> Decision {
        if let own = table.calledAETitle, own != calledAETitle {
            return .rejectCalledAETitle("it called us \(calledAETitle), and we are \(own)")
        }
        return rights(callingAETitle: callingAETitle, peerAddress: peerAddress)
    }

    /// What who calls may do:
    ///
    /// | AE title | host | answer |
    /// |---|---|---|
    /// | of a peer | that peer's | the peer's rights; of several peers those of the first |
    /// | of a peer | of no such peer | rejected |
    /// | of no peer | any | the rights of unknown peers |
    ///
    /// Who has no rights at all is rejected.
    package func rights(callingAETitle: String, peerAddress: String) -> Decision {
        let table = table
        let candidates = table.peers.filter { $0.aeTitle == callingAETitle }
        guard !candidates.isEmpty else {
            guard !table.unknownRights.isEmpty else {
                return .rejectCallingAETitle(
                    "no peer has the AE title \(callingAETitle), and unknown peers may do nothing")
            }
            return .accept(table.unknownRights, nil)
        }
        guard let address = PeerAddress(peerAddress),
            let peer = candidates.first(where: { names.isAddress(address, of: $0.host) })
        else {
            let known = candidates.map { "\($0.name)'s, whose host is \($0.host)" }.joined(separator: ", and ")
            return .rejectCallingAETitle(
                "the AE title \(callingAETitle) is \(known), and it called from \(peerAddress)")
        }
        guard !peer.rights.isEmpty else { return .rejectCallingAETitle("the peer \(peer.name) may do nothing") }
        return .accept(peer.rights, peer)
    }

    /// Where C-MOVE sends to (PS3.7 section 9.1.4): the first peer with this AE title that has a port; nil when there is none.
    package func destination(aeTitle: String) -> Peer? { table.peers.first { $0.aeTitle == aeTitle && $0.port != nil } }

    /// Where one that called is called back: of several peers with its AE title only the one with the address it called from. Nil
    /// when that has no port.
    ///
    /// May wait for DNS.
    func destination(aeTitle: String, peerAddress: String) -> Peer? {
        let peers = table.peers.filter { $0.aeTitle == aeTitle }
        guard let address = PeerAddress(peerAddress) else { return nil }
        let peer = peers.count > 1 ? peers.first { names.isAddress(address, of: $0.host) } : peers.first
        return peer?.port == nil ? nil : peer
    }
}
