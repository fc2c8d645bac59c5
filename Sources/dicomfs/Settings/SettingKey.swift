import DICOMNetwork

/// A setting of `serve`: its name in the settings file, the option that it has on the command line, and what holds when
/// nobody gives it.
enum SettingKey: String, CaseIterable, Sendable {
    case archive
    case mount
    case mountOptions = "mount-options"
    case supervisor
    case acceptsAssociations = "dicom.enabled"
    case aeTitle = "dicom.ae-title"
    case port = "dicom.port"
    case bind = "dicom.bind"
    case checksCalledAETitle = "dicom.check-called-ae-title"
    case unknownPeers = "dicom.unknown-peers"
    case findLimit = "dicom.find-limit"
    case tlsPort = "tls.port"
    case tlsCertificate = "tls.certificate"
    case tlsKey = "tls.key"
    case tlsCA = "tls.ca"
    case tlsClientCertificates = "tls.client-certificates"
    case tlsProfile = "tls.profile"
    case associations = "limits.associations"
    case instanceSize = "limits.instance-size"
    case headerMemory = "limits.header-memory"
    case imageMemory = "limits.image-memory"
    case idleTimeout = "limits.idle-timeout"
    case associationTimeout = "limits.association-timeout"
    case diskReserve = "limits.disk-reserve"
    case openFiles = "limits.open-files"

    /// The parts of its name: a section of the file and a word within it, or a word alone.
    var components: [String] { rawValue.split(separator: ".").map { String($0) } }

    /// The environment variable, which swift-configuration names the same way.
    var environmentVariable: String {
        "DICOMFS_" + rawValue.uppercased().map { $0 == "." || $0 == "-" ? "_" : String($0) }.joined()
    }

    /// The option of `serve` that gives it a value.
    func flag(for value: SettingValue?) -> String {
        let isOff = value == .text("false")
        return switch self {
        case .archive: "--archive"
        case .mount: "--mount"
        case .mountOptions: "-o"
        case .supervisor: isOff ? "--no-supervisor" : "--supervisor"
        case .acceptsAssociations: isOff ? "--no-dicom" : "--dicom"
        case .aeTitle: "--aet"
        case .port: "--dicom-port"
        case .bind: "--dicom-bind"
        case .checksCalledAETitle: isOff ? "--no-check-called-aet" : "--check-called-aet"
        case .unknownPeers: "--unknown-peers"
        case .findLimit: "--find-limit"
        case .tlsPort: "--tls-port"
        case .tlsCertificate: "--tls-certificate"
        case .tlsKey: "--tls-key"
        case .tlsCA: "--tls-ca"
        case .tlsClientCertificates: "--tls-client-certificates"
        case .tlsProfile: "--tls-profile"
        case .associations: "--max-associations"
        case .instanceSize: "--max-instance-size"
        case .headerMemory: "--header-memory"
        case .imageMemory: "--image-memory"
        case .idleTimeout: "--idle-timeout"
        case .associationTimeout: "--association-timeout"
        case .diskReserve: "--disk-reserve"
        case .openFiles: "--max-open-files"
        }
    }

    /// What holds when nobody gives it; nil for nothing, or for what the archive decides itself.
    var defaultValue: SettingValue? {
        switch self {
        case .mountOptions: .list([])
        case .supervisor, .acceptsAssociations: .text("true")
        case .aeTitle: .text("DICOMFS")
        case .port: .text("4242")
        case .bind: .text("127.0.0.1")
        case .checksCalledAETitle: .text("false")
        case .unknownPeers: .list(["echo", "store"])
        case .findLimit: .text("0")
        case .associations: .text("32")
        case .headerMemory: .text("128M")
        case .imageMemory: .text("512M")
        case .idleTimeout: .text("60")
        case .openFiles: .text("512")
        case .tlsClientCertificates: .text(TLSContext.ClientCertificates.required.rawValue)
        case .tlsProfile: .text(TLSContext.Profile.bcp195.rawValue)
        case .archive, .mount, .tlsPort, .tlsCertificate, .tlsKey, .tlsCA, .instanceSize, .associationTimeout,
            .diskReserve:
            nil
        }
    }

    /// Whether it is a list of words.
    var isList: Bool { self == .mountOptions || self == .unknownPeers }

    /// Whether it is a path, which within a settings file is one from the file's folder.
    var isPath: Bool { [.archive, .mount, .tlsCertificate, .tlsKey, .tlsCA].contains(self) }

    /// Whether SIGHUP changes it while `serve` runs.
    var isReloaded: Bool { self == .unknownPeers || self == .checksCalledAETitle }
}
