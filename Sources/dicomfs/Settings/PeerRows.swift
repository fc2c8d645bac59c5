import ArchiveSCP
import DICOMNetwork

/// Peers as people read them.
enum PeerRows {
    /// A heading, each peer, and those that are not known.
    static func rows(_ settings: Settings, withPlaces: Bool = false) -> [[String]] {
        var rows = [["PEER", "AE TITLE", "HOST", "TLS", "MAY"] + (withPlaces ? ["FROM"] : [])]
        rows += settings.peers.map { listed in
            let peer = listed.peer
            return [
                peer.name, peer.aeTitle, peer.place, peer.usesTLS ? "yes" : "no", words(peer.rights),
            ] + (withPlaces ? [settings.place(listed)] : [])
        }
        let place = settings.all[.unknownPeers].map { "\($0.origin)" } ?? ""
        rows.append(["(others)", "any", "any", "-", words(settings.unknownPeers)] + (withPlaces ? [place] : []))
        return rows
    }

    private static func words(_ rights: ServiceRights) -> String {
        rights.isEmpty ? "nothing" : rights.names.joined(separator: ",")
    }
}

extension Peer {
    /// Host and port as people write them.
    fileprivate var place: String {
        let host = host.description.contains(":") ? "[\(host)]" : host.description
        return port.map { "\(host):\($0)" } ?? host
    }
}
