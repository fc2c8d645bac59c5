import DICOMArchive
import DICOMNetwork
import Glibc

/// What `serve` takes from peers and from the machine at most.
struct Limits: Sendable {
    var associations: Int
    /// Nil for any size.
    var instanceSize: ByteSize?
    var headerMemory: ByteSize
    var imageMemory: ByteSize
    var idleSeconds: Int
    /// Nil for ever.
    var associationSeconds: Int?
    /// Nil for what the archive leaves by itself.
    var diskReserve: ByteSize?
    var openFiles: Int

    /// - Throws: when one is beyond its bounds.
    init(_ values: SettingsReading) throws(SettingsError) {
        associations = try values.number(.associations, 1...10_000)
        instanceSize = try values.given(.instanceSize)?.size(.instanceSize)
        headerMemory = try values.size(.headerMemory, atLeast: ByteSize(1 << 20))
        imageMemory = try values.size(.imageMemory, atLeast: ByteSize(32 << 20))
        idleSeconds = try values.number(.idleTimeout, 1...86_400)
        associationSeconds = try values.given(.associationTimeout)?.number(.associationTimeout, 1...31_536_000)
        diskReserve = try values.given(.diskReserve)?.size(.diskReserve)
        openFiles = try values.number(.openFiles, 64...1_000_000)
    }

    /// Those of an archive.
    var ofArchive: ArchiveLimits {
        var limits = ArchiveLimits()
        limits.diskReserve = diskReserve.map { UInt64($0.bytes) }
        limits.openFiles = Int32(openFiles)
        limits.headerBytes = headerMemory.bytes
        limits.imageBytes = imageMemory.bytes
        return limits
    }

    /// Those of its door for modalities.
    func apply(to configuration: inout AssociationListener.Configuration) {
        configuration.maximumAssociations = associations
        configuration.idleSeconds = idleSeconds
        configuration.associationSeconds = associationSeconds
    }

    /// Raises the limit of open files as far as it goes: each file of the database takes a descriptor, and each connection.
    func raiseOpenFileLimit() throws {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(resource, &limit)
        // 40 connections of commands, and what the process has anyway.
        let needed = openFiles + openFiles / 2 + associations + 128
        guard limit.rlim_max >= UInt64(needed) else {
            throw ExitStatus(
                code: EXIT_FAILURE,
                message: """
                    \(openFiles) database files, \(openFiles / 2) with the bytes of images and \(associations) associations need \(needed) open files, and the \
                    limit is \(limit.rlim_max): raise it (ulimit -Hn, LimitNOFILE=), or lower --max-open-files
                    """)
        }
    }
}
