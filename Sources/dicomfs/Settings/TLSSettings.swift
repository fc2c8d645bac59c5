import ArgumentParser
import DICOMNetwork
import Foundation
import Glibc

/// How associations are accepted with TLS (PS3.15 annex B).
struct TLSSettings: Hashable, Sendable {
    /// The port beside that for associations without; nil when none are accepted, and TLS is for calling peers.
    var port: Int?
    /// PEM: our certificate, and those that lead from it to one that peers trust.
    var certificate: String
    /// PEM: its private key.
    var key: String
    /// PEM: the certificates that those of peers must lead to. Nil only when peers need show none.
    var ca: String?
    var clientCertificates: TLSContext.ClientCertificates
    var profile: TLSContext.Profile

    /// Reads the files.
    func context() throws(ExitStatus) -> TLSContext {
        do throws(TLSError) {
            return try TLSContext(
                certificate: certificate, key: key, authorities: ca, clientCertificates: clientCertificates,
                profile: profile)
        } catch {
            throw ExitStatus(code: EX_CONFIG, message: error.description)
        }
    }
}

extension TLSContext.ClientCertificates: ExpressibleByArgument {}
extension TLSContext.Profile: ExpressibleByArgument {}

extension TLSSettings {
    /// Of all settings; nil when none is given.
    ///
    /// - Throws: when some of what belongs together is missing, or a file cannot be read, or others can read the key.
    init?(_ values: SettingsReading) throws(SettingsError) {
        let needed: [SettingKey] = [.tlsCertificate, .tlsKey]
        let given = [[.tlsPort], needed, [.tlsCA]].joined().filter { values.setting($0).value != nil }
        guard let first = given.first else { return nil }
        if let missing = needed.first(where: { !given.contains($0) }) {
            throw values.incomplete(first, needs: missing, "TLS takes a certificate and its key")
        }
        port = try values.given(.tlsPort)?.port(.tlsPort, from: 0)
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
