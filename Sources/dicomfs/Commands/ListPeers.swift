import ArgumentParser

struct ListPeers: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "peers",
        abstract: "List the peers that the settings file knows, and what each may do.",
        discussion: """
            One line each: name, AE title, host and port, TLS, rights. The last line is for who calls with an AE title that \
            no peer has. `dicomfs config --help` says how peers are written.
            """)

    @OptionGroup var file: SettingsFileOptions

    @Flag(help: "Print one JSON array.")
    var json = false

    func run() throws {
        let settings = try configuring { () throws(SettingsError) in
            let flags: [SettingKey: SettingValue] = file.archive.map { [.archive: .text($0)] } ?? [:]
            return try Settings.load(flags, config: file.config, environment: SettingsFileOptions.environment)
        }
        Signals.unblock()
        if json { return print(Output.json(settings.peers.map { PeerJSON($0, in: settings) })) }
        Output.table(PeerRows.rows(settings))
    }
}
