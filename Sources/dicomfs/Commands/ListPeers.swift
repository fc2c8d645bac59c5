import ArchiveSCP
import ArgumentParser
import DICOMNetwork

struct ListPeers: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "peers",
        abstract: "List the peers that the settings file knows, and what each may do; test whether they answer.",
        discussion: """
            One line each: name, AE title, host and port, TLS, rights. The last line is for who calls with an AE title that \
            no peer has. `dicomfs config --help` says how peers are written.

            With --test each peer that has a port is asked by C-ECHO instead, one line each; exit code 1 unless all answer.
            """)

    @OptionGroup var file: SettingsFileOptions

    @Flag(help: "Ask each peer whether it answers.")
    var test = false

    @Option(help: ArgumentHelp("With --test: how long a peer may be silent.", valueName: "seconds"))
    var timeout = 10

    @Flag(help: "Print one JSON array.")
    var json = false

    func validate() throws {
        guard (1...3600).contains(timeout) else { throw ValidationError("--timeout takes 1 to 3600.") }
    }

    func run() throws {
        let settings = try configuring { () throws(SettingsError) in
            let flags: [SettingKey: SettingValue] = file.archive.map { [.archive: .text($0)] } ?? [:]
            return try Settings.load(flags, config: file.config, environment: SettingsFileOptions.environment)
        }
        Signals.unblock()
        if test { return try askAll(settings) }
        if json { return print(Output.json(settings.peers.map { PeerJSON($0, in: settings) })) }
        Output.table(PeerRows.rows(settings))
    }

    /// What each peer says, as it says it.
    private func askAll(_ settings: Settings) throws {
        var answers: [TestedPeer] = []
        for peer in settings.peers.map(\.peer) where peer.port != nil {
            let answer = TestedPeer(peer, settings, timeout: timeout)
            answers.append(answer)
            if !json { Output.line("\(peer.name): \(answer.sentence)") }
        }
        if json { print(Output.json(answers)) }
        guard answers.allSatisfy(\.answers) else { throw ExitCode.failure }
    }
}

/// What became of a C-ECHO to a peer.
private struct TestedPeer: Encodable {
    var name: String
    var answers: Bool
    /// As people read it.
    var sentence: String
    var milliseconds: Double?

    init(_ peer: Peer, _ settings: Settings, timeout: Int) {
        name = peer.name
        do {
            let answer = try EchoAnswer.ask(
                PeerCall(settings, peer, usesTLS: peer.usesTLS, timeout: timeout, retries: 0))
            answers = answer.status == "0000"
            sentence = answer.sentence
            milliseconds = answer.milliseconds
        } catch {
            answers = false
            sentence = (error as? ExitStatus)?.message ?? "\(error)"
        }
    }
}

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

extension Peer {
    /// Host and port as people write them.
    fileprivate var place: String {
        let host = host.description.contains(":") ? "[\(host)]" : host.description
        return port.map { "\(host):\($0)" } ?? host
    }
}

extension Settings {
    /// Where a peer was given.
    fileprivate func place(_ peer: ListedPeer) -> String { "\(file?.path ?? ""):\(peer.line)" }
}
