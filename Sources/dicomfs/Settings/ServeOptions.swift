import ArgumentParser

/// The options of `serve` that are settings too. Each may be left out: then the environment, the settings file and the
/// default are asked, in this order.
struct ServeOptions: ParsableArguments {
    @OptionGroup var file: SettingsFileOptions

    @Option(help: ArgumentHelp("Where to mount the tree: an existing folder. Default: no mount.", valueName: "dir"))
    var mount: String?

    @Option(help: "TCP port for DICOM associations; 0 picks a free one.\(SettingKey.port.defaultHelp)")
    var dicomPort: Int?

    @Option(
        help: ArgumentHelp(
            "Numeric address to accept associations at; 0.0.0.0 for all.\(SettingKey.bind.defaultHelp)",
            valueName: "address"))
    var dicomBind: String?

    @Option(help: "Our application entity title: up to 16 characters.\(SettingKey.aeTitle.defaultHelp)")
    var aet: String?

    @Flag(
        inversion: .prefixedNo,
        help: "Reject peers that call us by another AE title.\(SettingKey.checksCalledAETitle.defaultHelp)")
    var checkCalledAet: Bool?

    @Option(
        help: ArgumentHelp(
            """
            What peers may do that the settings do not know: some of echo, store, find, move, get, commit, or none.\
            \(SettingKey.unknownPeers.defaultHelp)
            """, valueName: "rights"))
    var unknownPeers: String?

    @Option(
        help: ArgumentHelp(
            "The most answers of one C-FIND; 0 for any number.\(SettingKey.findLimit.defaultHelp)", valueName: "number")
    )
    var findLimit: Int?

    @Flag(inversion: .prefixedNo, help: "Accept DICOM associations, or none. (default: --dicom)")
    var dicom: Bool?

    @OptionGroup(title: "TLS") var tls: TLSOptions

    @OptionGroup(title: "Limits") var limits: LimitOptions

    @Option(name: .customShort("o"), help: ArgumentHelp("Mount options, see above.", valueName: "options"))
    var options: [String] = []

    @Flag(
        inversion: .prefixedNo,
        help: """
            Two processes, see above; without a supervisor it is one: when that ends, so does the mount. For debugging. \
            (default: --supervisor)
            """)
    var supervisor: Bool?

    /// What was given.
    var flags: [SettingKey: SettingValue] {
        var flags: [SettingKey: SettingValue] = tls.flags.merging(limits.flags) { first, _ in first }
        flags[.archive] = file.archive.map { .text($0) }
        flags[.mount] = mount.map { .text($0) }
        flags[.port] = dicomPort.map { .text("\($0)") }
        flags[.bind] = dicomBind.map { .text($0) }
        flags[.aeTitle] = aet.map { .text($0) }
        flags[.checksCalledAETitle] = checkCalledAet.map { .text("\($0)") }
        flags[.unknownPeers] = unknownPeers.map { .list($0.split(separator: ",").map { String($0) }) }
        flags[.findLimit] = findLimit.map { .text("\($0)") }
        flags[.acceptsAssociations] = dicom.map { .text("\($0)") }
        flags[.mountOptions] = options.isEmpty ? nil : .list(options)
        flags[.supervisor] = supervisor.map { .text("\($0)") }
        return flags
    }

    func validate() throws { try configuring { () throws(SettingsError) in try Settings.check(flags) } }

    /// Reads the settings that are in effect, as often as it is called.
    var load: @Sendable () throws(SettingsError) -> Settings {
        let (flags, config) = (flags, file.config)
        return { () throws(SettingsError) in
            try Settings.load(flags, config: config, environment: SettingsFileOptions.environment)
        }
    }

    /// The settings that are in effect, or the end of the program.
    func settings() throws -> Settings { try configuring(load) }

    /// The settings that are in effect with a file that has been read.
    func settings(file: SettingsFile?) throws(SettingsError) -> Settings {
        try Settings.load(flags, environment: SettingsFileOptions.environment, file: file)
    }
}

extension SettingKey {
    /// What holds by default, as a help says it after the sentence.
    var defaultHelp: String { defaultValue.map { " (default: \($0))" } ?? "" }
}
