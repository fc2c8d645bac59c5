import ArchiveSCP
import ArgumentParser
import DICOMNetwork
import Glibc

/// Which peer a command calls, and as whom.
struct PeerOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp("A peer of the settings file by its name, or one as AET@HOST:PORT.", valueName: "peer"))
    var peer: String

    @OptionGroup var file: SettingsFileOptions

    @Option(help: "Our application entity title. Default: that of the settings.")
    var aet: String?

    @Flag(help: "Call with TLS, with certificate, key and CA of the settings, also where the peer has no tls: true.")
    var tls = false

    @Option(help: ArgumentHelp("How long the peer may be silent.", valueName: "seconds"))
    var timeout = 60

    @Option(help: "How often a peer that cannot be reached is called again, after 1, 2, 4, ... seconds.")
    var retries = 3

    func validate() throws {
        guard (1...86_400).contains(timeout) else { throw ValidationError("--timeout takes 1 to 86400.") }
        guard (0...1000).contains(retries) else { throw ValidationError("--retries takes 0 to 1000.") }
        guard aet.map({ Peer.isAETitle($0) }) ?? true else {
            throw ValidationError("--aet takes 1 to 16 ASCII characters without backslash.")
        }
    }

    /// The settings, and whom to call.
    func call() throws -> PeerCall {
        let settings = try configuring { () throws(SettingsError) in
            let flags: [SettingKey: SettingValue] = file.archive.map { [.archive: .text($0)] } ?? [:]
            return try Settings.load(flags, config: file.config, environment: SettingsFileOptions.environment)
        }
        Signals.unblock()
        guard let called = settings.peers.first(where: { $0.peer.name == peer })?.peer ?? Self.parse(peer) else {
            let known = settings.peers.map(\.peer.name)
            let names =
                known.isEmpty ? "the settings know no peers" : "the settings know \(known.joined(separator: ", "))"
            throw ExitStatus(code: EX_USAGE, message: "no peer is called \(peer): \(names); or give AET@HOST:PORT")
        }
        return try PeerCall(
            settings, called, aeTitle: aet, usesTLS: tls || called.usesTLS, timeout: timeout, retries: retries)
    }

    /// `AET@HOST:PORT`; an IPv6 address in brackets.
    private static func parse(_ text: String) -> Peer? {
        guard let at = text.lastIndex(of: "@"), let colon = text.lastIndex(of: ":"), at < colon,
            let port = Int(text[text.index(after: colon)...])
        else { return nil }
        let host = text[text.index(after: at)..<colon]
        let isBracketed = host.first == "[" && host.last == "]"
        return try? Peer(
            name: "peer", aeTitle: String(text[..<at]), host: String(isBracketed ? host.dropFirst().dropLast() : host),
            port: port)
    }
}

/// A peer that a command calls.
struct PeerCall {
    let settings: Settings
    let peer: Peer
    let retries: Int
    private let wanted: RequestedAssociation

    /// - Parameter aeTitle: ours; nil for that of the settings.
    init(
        _ settings: Settings, _ peer: Peer, aeTitle: String? = nil, usesTLS: Bool, timeout: Int, retries: Int
    ) throws(ExitStatus) {
        guard let port = peer.port else {
            throw ExitStatus(code: EX_CONFIG, message: "the peer \(peer.name) has no port in the settings")
        }
        guard !usesTLS || settings.tls != nil else {
            throw ExitStatus(
                code: EX_CONFIG,
                message: "\(peer.aeTitle) is called with TLS: set tls.certificate, tls.key and tls.ca in the settings")
        }
        self.settings = settings
        self.peer = peer
        self.retries = retries
        var wanted = RequestedAssociation(
            calling: aeTitle ?? settings.aeTitle, called: peer.aeTitle, host: peer.host.description, port: port,
            contexts: [])
        if usesTLS { wanted.tls = try settings.tls?.context() }
        wanted.idleSeconds = timeout
        self.wanted = wanted
    }

    /// What the peer is called in messages.
    var name: String { "\(peer.aeTitle)@\(peer.host):\(peer.port ?? 0)" }

    /// An association with these contexts.
    func association(_ contexts: [ProposedContext]) -> RequestedAssociation {
        var wanted = wanted
        wanted.contexts = contexts
        return wanted
    }

    /// Asks for an association, or ends the program.
    func connect(_ wanted: RequestedAssociation) throws(ExitStatus) -> ServiceUser {
        do throws(AssociationFailure) { return try ServiceUser(wanted, retries: retries, log: note) } catch {
            throw unavailable(error)
        }
    }

    /// A line about something that is tried again.
    func note(_ line: String) { Output.complain("\(name): \(line)") }

    func unavailable(_ failure: AssociationFailure) -> ExitStatus {
        ExitStatus(code: EX_UNAVAILABLE, message: "no association with \(name): \(failure)")
    }

    /// Uses an association, and releases it; what goes wrong with it ends the program.
    func using<Result>(_ user: ServiceUser, _ body: (ServiceUser) throws -> Result) throws -> Result {
        do {
            let result = try body(user)
            user.release()
            return result
        } catch let end as AssociationEnd {
            user.conclude(end)
            throw ExitStatus(code: EXIT_FAILURE, message: "the association with \(name) ended: \(end)")
        } catch {
            user.abort()
            throw error
        }
    }
}
