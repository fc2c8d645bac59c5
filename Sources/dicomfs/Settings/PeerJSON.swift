import ArchiveSCP
import DICOMNetwork

/// A peer as `peers --json` prints it.
struct PeerJSON: Encodable {
    var name: String
    var aeTitle: String
    var host: String
    var port: Int?
    var tls: Bool
    var may: [String]
    var from: String

    init(_ listed: ListedPeer, in settings: Settings) {
        let peer = listed.peer
        name = peer.name
        aeTitle = peer.aeTitle
        host = peer.host.description
        port = peer.port
        tls = peer.usesTLS
        may = peer.rights.names
        from = settings.place(listed)
    }
}
