import ArgumentParser
import DICOMArchive
import DICOMNetwork
import Glibc

/// What `serve` takes from peers and from the machine at most.
struct Limits: ParsableArguments {
    @Option(help: "Associations at a time; more are rejected: local limit exceeded.")
    var maxAssociations = 32

    @Option(
        help: ArgumentHelp(
            "An instance above this is refused with A700. Default: none.", valueName: "size"))
    var maxInstanceSize: ByteSize?

    @Option(help: ArgumentHelp("Memory for the headers of all instances under way; beyond it A700.", valueName: "size"))
    var headerMemory = ByteSize(128 << 20)

    @Option(
        help: ArgumentHelp(
            "Memory for images: a quarter for those kept, the rest for those being made. One that would take more cannot be read.",
            valueName: "size"))
    var imageMemory = ByteSize(512 << 20)

    @Option(help: ArgumentHelp("How long a peer may be silent, and a PDU on its way.", valueName: "seconds"))
    var idleTimeout = 60

    @Option(help: ArgumentHelp("How long an association may last. Default: for ever.", valueName: "seconds"))
    var associationTimeout: Int?

    @Option(
        help: ArgumentHelp(
            "Disk space that is left free; nothing is stored beyond it. Default: 512M, an eighth of a small disk.",
            valueName: "size"))
    var diskReserve: ByteSize?

    @Option(help: "Files of the database that are open at a time, and half as many with the bytes of images.")
    var maxOpenFiles = 512

    func validate() throws {
        func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
            guard range.contains(value) else {
                throw ValidationError("--\(name) takes a number from \(range.lowerBound) to \(range.upperBound).")
            }
        }
        try check("max-associations", maxAssociations, 1...10_000)
        try check("idle-timeout", idleTimeout, 1...86_400)
        try check("association-timeout", associationTimeout ?? 1, 1...31_536_000)
        try check("max-open-files", maxOpenFiles, 64...1_000_000)
        guard imageMemory.bytes >= 32 << 20 else { throw ValidationError("--image-memory takes 32M at least.") }
        guard headerMemory.bytes >= 1 << 20 else { throw ValidationError("--header-memory takes 1M at least.") }
    }

    /// Those of an archive.
    var ofArchive: ArchiveLimits {
        var limits = ArchiveLimits()
        limits.diskReserve = diskReserve.map { UInt64($0.bytes) }
        limits.openFiles = Int32(maxOpenFiles)
        limits.headerBytes = headerMemory.bytes
        limits.imageBytes = imageMemory.bytes
        return limits
    }

    /// Those of its door for modalities.
    func apply(to configuration: inout AssociationListener.Configuration) {
        configuration.maximumAssociations = maxAssociations
        configuration.idleSeconds = idleTimeout
        configuration.associationSeconds = associationTimeout
    }

    /// Raises the limit of open files as far as it goes: each file of the database takes a descriptor, and each connection.
    func raiseOpenFileLimit() throws {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(resource, &limit)
        // 40 connections of commands, and what the process has anyway.
        let needed = maxOpenFiles + maxOpenFiles / 2 + maxAssociations + 128
        guard limit.rlim_max >= UInt64(needed) else {
            throw ExitStatus(
                code: EXIT_FAILURE,
                message: """
                    \(maxOpenFiles) database files, \(maxOpenFiles / 2) with the bytes of images and \(maxAssociations) associations need \(needed) open files, and the \
                    limit is \(limit.rlim_max): raise it (ulimit -Hn, LimitNOFILE=), or lower --max-open-files
                    """)
        }
    }
}

/// A number of bytes: `1048576`, `512K`, `512M`, `2G`, `1T`.
struct ByteSize: ExpressibleByArgument, Sendable {
    let bytes: Int

    init(_ bytes: Int) { self.bytes = bytes }

    init?(argument: String) {
        let units = ["K": 10, "M": 20, "G": 30, "T": 40]
        let shift = argument.last.flatMap { units[$0.uppercased()] }
        let digits = shift == nil ? argument[...] : argument.dropLast()
        guard let number = Int(digits), number >= 0, number <= Int.max >> (shift ?? 0) else { return nil }
        bytes = number << (shift ?? 0)
    }

    var defaultValueDescription: String {
        for (unit, shift) in [("T", 40), ("G", 30), ("M", 20), ("K", 10)] where bytes > 0 && bytes % (1 << shift) == 0 {
            return "\(bytes >> shift)\(unit)"
        }
        return "\(bytes)"
    }
}
