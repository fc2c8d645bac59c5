import ArchiveSCP
import ArgumentParser
import DICOMNetwork

/// The settings of `serve` as they are in effect.
struct Settings: Sendable {
    /// The archive's folder; nil when nobody named one.
    var archive: String?
    /// Where the tree is mounted; nil for nowhere.
    var mount: String?
    var mountOptions: MountOptions
    /// Whether a supervisor keeps a worker running.
    var usesSupervisor: Bool
    var acceptsAssociations: Bool
    /// Our AE title.
    var aeTitle: String
    var port: Int
    /// The numeric address that the ports are bound to.
    var bind: String
    /// Whether peers must call us by our AE title.
    var checksCalledAETitle: Bool
    /// What peers may do that are not known.
    var unknownPeers: ServiceRights
    /// The most answers of one C-FIND; nil for any number.
    var findLimit: Int?
    var limits: Limits
    /// Nil when associations are accepted without TLS only.
    var tls: TLSSettings?
    var peers: [ListedPeer] = []
    /// The file that was read; nil for none.
    var file: SettingsFile?
    /// Each as text, and where it was given.
    var all: [SettingKey: Setting]

    /// Reads each by itself; what takes several together, TLS and peers, is not looked at.
    private init(_ settings: [SettingKey: Setting]) throws(SettingsError) {
        let values = SettingsReading(settings)
        all = settings
        archive = values.text(.archive)
        mount = values.text(.mount)
        do { mountOptions = try MountOptions(values.words(.mountOptions)) } catch {
            throw SettingsError(mountOptions: values.setting(.mountOptions), error.message)
        }
        usesSupervisor = try values.bool(.supervisor)
        acceptsAssociations = try values.bool(.acceptsAssociations)
        aeTitle = values.text(.aeTitle) ?? ""
        guard Peer.isAETitle(aeTitle), !aeTitle.contains(" ") else {
            throw SettingsError(
                values.setting(.aeTitle), "takes 1 to 16 ASCII characters without space and backslash")
        }
        port = try values.port(.port, from: 0)
        bind = values.text(.bind) ?? ""
        checksCalledAETitle = try values.bool(.checksCalledAETitle)
        unknownPeers = try values.rights(.unknownPeers)
        let answers = try values.number(.findLimit, 0...1_000_000_000)
        findLimit = answers == 0 ? nil : answers
        limits = try Limits(values)
        // Also where there is no TLS.
        let _: TLSContext.ClientCertificates = try values.choice(.tlsClientCertificates)
        let _: TLSContext.Profile = try values.choice(.tlsProfile)
    }

    /// Reads all: the file is found, or given where it has been read already.
    ///
    /// - Parameters:
    ///   - flags: what was given on the command line.
    ///   - config: the file that was named there.
    static func load(
        _ flags: [SettingKey: SettingValue], config: String?, environment: [String: String],
        system: String = SettingsFile.system
    ) throws(SettingsError) -> Settings {
        func given(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let archive = flags[.archive]?.description ?? given(SettingKey.archive.environmentVariable)
        let named = config ?? given("DICOMFS_CONFIG")
        let file = try SettingsFile.find(named: named, archive: archive, system: system)
        return try load(flags, environment: environment, file: file)
    }

    static func load(
        _ flags: [SettingKey: SettingValue], environment: [String: String], file: SettingsFile?
    ) throws(SettingsError) -> Settings {
        let all = try SettingsSources(flags: flags, environment: environment, file: file).settings()
        var settings = try Settings(all)
        settings.tls = try TLSSettings(SettingsReading(all))
        settings.peers = file?.peers ?? []
        settings.file = file
        return settings
    }

    /// Looks at what was given on the command line only, each by itself.
    static func check(_ flags: [SettingKey: SettingValue]) throws(SettingsError) {
        _ = try Settings(SettingsSources(flags: flags).settings())
    }

    /// Who may do what.
    ///
    /// - Parameter aeTitle: what we are called, where that is not what the settings say now.
    func table(aeTitle: String? = nil) -> PeerTable {
        let called = checksCalledAETitle ? aeTitle ?? self.aeTitle : nil
        // Reading the file has found no two alike.
        // swift-format-ignore: NeverUseForceTry
        return try! PeerTable(peers: peers.map(\.peer), unknownRights: unknownPeers, calledAETitle: called)
    }
}

extension SettingsError {
    /// Mount options that are wrong: the sentence names the option.
    fileprivate init(mountOptions setting: Setting, _ sentence: String) {
        switch setting.origin {
        case .flag:
            self.init(sentence)
            isUsage = true
        case .file(let path, let line): self.init(path, line: line, "mount-options: \(sentence)")
        case .environment(let name): self.init("\(name): \(sentence)")
        case .none: self.init(sentence)
        }
    }
}
