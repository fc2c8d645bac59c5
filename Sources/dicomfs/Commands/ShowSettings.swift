import ArgumentParser

struct ShowSettings: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Show the settings that serve would have, and where each was given.",
        discussion: """
            A setting is taken from the first of these that has it: the command line, the environment, the settings file, \
            the default. The environment variable of `dicom.ae-title` is DICOMFS_DICOM_AE_TITLE, and so on; lists have \
            commas there. The settings file is the one that --config or DICOMFS_CONFIG names; else dicomfs.yaml in the \
            archive's folder, where that is known without it; else \(SettingsFile.system), unless that names another archive. \
            It is YAML:

              archive: /srv/dicom
              mount: /srv/dicom-tree
              mount-options: [allow_other, umask=027]
              dicom:
                ae-title: ARCHIVE
                port: 4242
                bind: 0.0.0.0
                check-called-ae-title: true
                unknown-peers: [echo, store]    # or [] for nothing
                find-limit: 0
              tls:
                port: 2762
                certificate: cert.pem
                key: key.pem
                ca: ca.pem
                client-certificates: required   # or optional, off
                profile: bcp195                 # or bcp195-extended
              limits:
                associations: 32
              peers:
                ct1:
                  ae-title: CT1
                  host: 10.0.0.5
                  port: 104
                  tls: false
                  may: [echo, store, find, move, get, commit]

            Relative paths in it begin at its folder. What is not known, or of the wrong kind, is an error with the line, \
            and exit code 78.

            A peer is who calls with its AE title from its host: a numeric address, or a DNS name, of which every \
            address counts. It may what its line `may` says; without the line nothing, which is for those we only send to. \
            Who calls with a peer's AE title from elsewhere is rejected. All others are unknown peers. Who may do nothing is \
            rejected.

            SIGHUP makes a serve that runs read peers, dicom.unknown-peers and dicom.check-called-ae-title again; \
            associations stay open, and what is asked on them is answered by the new rights. Everything else takes a \
            restart.
            """)

    @OptionGroup var options: ServeOptions

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let settings = try options.settings()
        Signals.unblock()
        if json { return print(Output.json(SettingsJSON(settings))) }
        print("settings file: \(settings.file?.path ?? "none")\n")
        var rows = [["SETTING", "VALUE", "FROM"]]
        rows += SettingKey.allCases.compactMap { settings.all[$0] }.map { setting in
            [setting.key.rawValue, setting.value.map { $0 == .list([]) ? "[]" : "\($0)" } ?? "-", "\(setting.origin)"]
        }
        Output.table(rows)
        print()
        Output.table(PeerRows.rows(settings, withPlaces: true))
    }
}

/// The settings as `config --json` prints them.
private struct SettingsJSON: Encodable {
    private struct Entry: Encodable {
        var value: String?
        var values: [String]?
        var from: String
    }

    private let file: String?
    private let settings: [String: Entry]
    private let peers: [PeerJSON]

    init(_ settings: Settings) {
        file = settings.file?.path
        var entries: [String: Entry] = [:]
        for (key, setting) in settings.all {
            var entry = Entry(from: "\(setting.origin)")
            switch setting.value {
            case .text(let text): entry.value = text
            case .list(let words): entry.values = words
            case nil: break
            }
            entries[key.rawValue] = entry
        }
        self.settings = entries
        peers = settings.peers.map { PeerJSON($0, in: settings) }
    }
}
