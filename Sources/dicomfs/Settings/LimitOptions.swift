import ArgumentParser

/// The options of `serve` that bound what it takes from peers and from the machine.
struct LimitOptions: ParsableArguments {
    @Option(
        help: "Associations at a time; more are rejected: local limit exceeded.\(SettingKey.associations.defaultHelp)")
    var maxAssociations: Int?

    @Option(
        help: ArgumentHelp(
            "An instance above this is refused with A700. Default: none.", valueName: "size"))
    var maxInstanceSize: ByteSize?

    @Option(
        help: ArgumentHelp(
            "Memory for the headers of all instances under way; beyond it A700.\(SettingKey.headerMemory.defaultHelp)",
            valueName: "size"))
    var headerMemory: ByteSize?

    @Option(
        help: ArgumentHelp(
            """
            Memory for images: a quarter for those kept, the rest for those being made. One that would take more cannot be \
            read.\(SettingKey.imageMemory.defaultHelp)
            """,
            valueName: "size"))
    var imageMemory: ByteSize?

    @Option(
        help: ArgumentHelp(
            "How long a peer may be silent, and a PDU on its way.\(SettingKey.idleTimeout.defaultHelp)",
            valueName: "seconds"))
    var idleTimeout: Int?

    @Option(help: ArgumentHelp("How long an association may last. Default: for ever.", valueName: "seconds"))
    var associationTimeout: Int?

    @Option(
        help: ArgumentHelp(
            "Disk space that is left free; nothing is stored beyond it. Default: 512M, an eighth of a small disk.",
            valueName: "size"))
    var diskReserve: ByteSize?

    @Option(
        help: """
            Files of the database that are open at a time, and half as many with the bytes of images.\
            \(SettingKey.openFiles.defaultHelp)
            """)
    var maxOpenFiles: Int?

    /// What was given.
    var flags: [SettingKey: SettingValue] {
        var flags: [SettingKey: SettingValue] = [:]
        flags[.associations] = maxAssociations.map { .text("\($0)") }
        flags[.instanceSize] = maxInstanceSize.map { .text("\($0)") }
        flags[.headerMemory] = headerMemory.map { .text("\($0)") }
        flags[.imageMemory] = imageMemory.map { .text("\($0)") }
        flags[.idleTimeout] = idleTimeout.map { .text("\($0)") }
        flags[.associationTimeout] = associationTimeout.map { .text("\($0)") }
        flags[.diskReserve] = diskReserve.map { .text("\($0)") }
        flags[.openFiles] = maxOpenFiles.map { .text("\($0)") }
        return flags
    }
}
