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
