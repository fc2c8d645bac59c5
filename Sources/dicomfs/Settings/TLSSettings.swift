import ArgumentParser
import Foundation

/// How associations are accepted with TLS (PS3.15 annex B).
struct TLSSettings: Hashable, Sendable {
    /// The port beside that for associations without.
    var port: Int
    /// PEM: our certificate, and those that lead from it to one that peers trust.
    var certificate: String
    /// PEM: its private key.
    var key: String
    /// PEM: the certificates that those of peers must lead to. Nil only when peers need show none.
    var ca: String?
    var clientCertificates: ClientCertificates
    var profile: Profile

    /// Whether a peer must show a certificate.
    enum ClientCertificates: String, CaseIterable, ExpressibleByArgument, Sendable {
        /// Who shows none is not served.
        case required
        /// One that is shown must be good.
        case optional
        case off
    }

    /// Which protocol versions and cipher suites are taken.
    enum Profile: String, CaseIterable, ExpressibleByArgument, Sendable {
        /// PS3.15 annex B.9: TLS 1.2 and 1.3, without what is broken.
        case bcp195
        /// PS3.15 annex B.10, or what took its place: fewer suites.
        case bcp195Extended = "bcp195-extended"
    }
}

extension TLSSettings {
    /// Of all settings; nil when none of port, certificate and key is given.
    ///
    /// - Throws: when some of what belongs together is missing, or a file cannot be read, or others can read the key.
    init?(_ values: SettingsReading) throws(SettingsError) {
        let needed: [SettingKey] = [.tlsPort, .tlsCertificate, .tlsKey]
        let given = [needed, [.tlsCA]].joined().filter { values.setting($0).value != nil }
        guard let first = given.first else { return nil }
        if let missing = needed.first(where: { !given.contains($0) }) {
            throw values.incomplete(first, needs: missing, "TLS takes a port, a certificate and its key")
        }
        port = try values.port(.tlsPort, from: 0)
        certificate = try values.readable(.tlsCertificate)
        key = try values.readable(.tlsKey)
        ca = try values.given(.tlsCA)?.readable(.tlsCA)
        clientCertificates = try values.choice(.tlsClientCertificates)
        profile = try values.choice(.tlsProfile)
        if clientCertificates != .off, ca == nil {
            throw values.incomplete(
                first, needs: .tlsCA, "client certificates are \(clientCertificates.rawValue); without them: off")
        }
        let permissions = (try? FileManager.default.attributesOfItem(atPath: key))?[.posixPermissions] as? Int
        if let permissions, permissions & 0o007 != 0 {
            throw SettingsError(values.setting(.tlsKey), "takes a file that nobody else can read (chmod o=)")
        }
    }
}
