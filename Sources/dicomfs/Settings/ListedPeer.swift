import ArchiveSCP
import DICOMNetwork
import Yams

/// A peer in a settings file, and the line at which it begins.
struct ListedPeer: Sendable {
    var peer: Peer
    var line: Int

    /// Reads the section `peers`: a mapping from names to what is known of each.
    static func read(_ node: Node, path: String) throws(SettingsError) -> [ListedPeer] {
        if node.isNothing { return [] }
        guard case .mapping(let mapping) = node else {
            throw SettingsError(
                path, line: node.line, "peers is a section: a name for each peer, and under it ae-title, host, ...")
        }
        var peers: [ListedPeer] = []
        for (key, value) in mapping {
            let peer = ListedPeer(peer: try read(key, value, path), line: key.line)
            do throws(PeerError) { _ = try PeerTable(peers: peers.map(\.peer) + [peer.peer]) } catch {
                throw SettingsError(path, line: key.line, error.description)
            }
            peers.append(peer)
        }
        return peers
    }

    private static let words = ["ae-title", "host", "port", "tls", "may"]

    private static func read(_ key: Node, _ value: Node, _ path: String) throws(SettingsError) -> Peer {
        guard let name = key.scalar?.string else {
            throw SettingsError(path, line: key.line, "a peer's name is a word")
        }
        guard case .mapping(let mapping) = value else {
            throw SettingsError(
                path, line: key.line, "the peer \(name) needs ae-title and host, each in a line under it")
        }
        var fields: [String: Node] = [:]
        for (key, value) in mapping {
            let field = key.scalar?.string ?? ""
            guard words.contains(field) else {
                throw SettingsError(
                    path, line: key.line, "a peer has no '\(field)'; it has \(words.joined(separator: ", "))")
            }
            fields[field] = value
        }
        func wrong(_ field: String, _ wanted: String) -> SettingsError {
            SettingsError(path, line: fields[field]?.line ?? key.line, "\(field) of the peer \(name) takes \(wanted)")
        }
        func text(_ field: String) throws(SettingsError) -> String {
            guard let node = fields[field], !node.isNothing else {
                throw SettingsError(path, line: key.line, "the peer \(name) has no \(field)")
            }
            guard case .scalar(let scalar) = node else { throw wrong(field, "one value") }
            return scalar.string
        }
        let (aeTitle, host) = (try text("ae-title"), try text("host"))
        var (port, usesTLS, rights): (Int?, Bool, ServiceRights) = (nil, false, [])
        if let node = fields["port"] {
            guard let number = node.int, (1...65535).contains(number) else { throw wrong("port", "1 to 65535") }
            port = number
        }
        if let node = fields["tls"] {
            guard let value = node.bool else { throw wrong("tls", "true or false") }
            usesTLS = value
        }
        if let node = fields["may"] {
            let wanted = "a list of \(ServiceRights.allNames.joined(separator: ", "))"
            guard case .sequence(let sequence) = node else { throw wrong("may", wanted) }
            for word in sequence {
                guard let right = word.scalar.flatMap({ ServiceRights(name: $0.string) }) else {
                    throw wrong("may", wanted)
                }
                rights.insert(right)
            }
        }
        do throws(PeerError) {
            return try Peer(name: name, aeTitle: aeTitle, host: host, port: port, usesTLS: usesTLS, rights: rights)
        } catch {
            throw SettingsError(path, line: key.line, "the peer \(name): \(error)")
        }
    }
}

extension Settings {
    /// Where a peer was given.
    func place(_ peer: ListedPeer) -> String { "\(file?.path ?? ""):\(peer.line)" }
}
