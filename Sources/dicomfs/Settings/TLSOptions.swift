import ArgumentParser
import DICOMNetwork

/// The options of `serve` for associations with TLS.
struct TLSOptions: ParsableArguments {
    @Option(
        help:
            "TCP port for associations with TLS, as 2762; 0 picks a free one. Default: none; TLS is for calling peers then."
    )
    var tlsPort: Int?

    @Option(help: ArgumentHelp("Our certificate, and those it is signed with: PEM.", valueName: "file"))
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("Its private key: PEM, and nobody else may read it.", valueName: "file"))
    var tlsKey: String?

    @Option(help: ArgumentHelp("The certificates that sign those of peers: PEM.", valueName: "file"))
    var tlsCa: String?

    @Option(
        help: ArgumentHelp(
            "Whether peers must show a certificate.\(SettingKey.tlsClientCertificates.defaultHelp)", valueName: "how"))
    var tlsClientCertificates: TLSContext.ClientCertificates?

    @Option(
        help: ArgumentHelp(
            "The secure connection profile of PS3.15 annex B.\(SettingKey.tlsProfile.defaultHelp)", valueName: "profile"
        ))
    var tlsProfile: TLSContext.Profile?

    /// What was given.
    var flags: [SettingKey: SettingValue] {
        var flags: [SettingKey: SettingValue] = [:]
        flags[.tlsPort] = tlsPort.map { .text("\($0)") }
        flags[.tlsCertificate] = tlsCertificate.map { .text($0) }
        flags[.tlsKey] = tlsKey.map { .text($0) }
        flags[.tlsCA] = tlsCa.map { .text($0) }
        flags[.tlsClientCertificates] = tlsClientCertificates.map { .text($0.rawValue) }
        flags[.tlsProfile] = tlsProfile.map { .text($0.rawValue) }
        return flags
    }
}
