internal import CSSL
import Synchronization

/// How connections are secured (PS3.15 annex B): our certificate, whom we trust, and which protocols and ciphers may be
/// used. OpenSSL's `SSL_CTX`. Any thread may use it.
package final class TLSContext: @unchecked Sendable {
    /// Which protocols and ciphers.
    package enum Profile: String, Sendable, CaseIterable {
        /// BCP 195 (RFC 8996, RFC 9325): TLS 1.2 and 1.3 with forward secrecy and authenticated encryption (PS3.15 B.12).
        case bcp195 = "bcp195"
        /// The same with keys of 256 bits only (PS3.15 B.11).
        case extendedBCP195 = "bcp195-extended"
    }

    /// What peers that connect must show.
    package enum ClientCertificates: String, Sendable, CaseIterable {
        /// A certificate of an authority that we trust: mutual authentication.
        case required
        /// One of those, or none.
        case optional
        /// They are not asked.
        case off
    }

    let handle: OpaquePointer

    /// Reads certificates and key, in PEM.
    ///
    /// - Parameters:
    ///   - certificate: a file with our certificate, and those between it and its authority.
    ///   - key: a file with its private key, without a password.
    ///   - authorities: a file with the certificates of those whom we trust, and of nobody else; nil to trust nobody.
    package init(
        certificate: String?, key: String?, authorities: String?, clientCertificates: ClientCertificates = .required,
        profile: Profile = .bcp195
    ) throws(TLSError) {
        guard let handle = SSL_CTX_new(TLS_method()) else { throw TLSError("OpenSSL cannot be set up") }
        self.handle = handle
        SSL_CTX_ctrl(handle, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
        SSL_CTX_ctrl(handle, SSL_CTRL_SET_DH_AUTO, 1, nil)
        // SSL_MODE_ENABLE_PARTIAL_WRITE: each record that went is progress.
        SSL_CTX_ctrl(handle, SSL_CTRL_MODE, 1, nil)
        // SSL_OP_NO_RENEGOTIATION, SSL_OP_CIPHER_SERVER_PREFERENCE, SSL_OP_NO_TICKET: a session that is resumed would be one
        // without a certificate that was looked at.
        SSL_CTX_set_options(handle, 1 << 30 | 1 << 22 | 1 << 14)
        // No password is ever asked for at a terminal.
        SSL_CTX_set_default_passwd_cb(handle) { _, _, _, _ in 0 }
        SSL_CTX_ctrl(handle, SSL_CTRL_SET_SESS_CACHE_MODE, Int(SSL_SESS_CACHE_OFF), nil)
        SSL_CTX_set_num_tickets(handle, 0)
        guard SSL_CTX_set_cipher_list(handle, profile.ciphers) == 1,
            SSL_CTX_set_ciphersuites(handle, profile.suites) == 1
        else { throw TLSError("OpenSSL lacks the ciphers of \(profile.rawValue)") }
        if let certificate, let key {
            guard SSL_CTX_use_certificate_chain_file(handle, certificate) == 1 else {
                throw TLSError("the certificate \(certificate) cannot be used: \(Self.lastError())")
            }
            guard SSL_CTX_use_PrivateKey_file(handle, key, SSL_FILETYPE_PEM) == 1 else {
                throw TLSError("the private key \(key) cannot be used: \(Self.lastError())")
            }
            guard SSL_CTX_check_private_key(handle) == 1 else {
                throw TLSError("the private key \(key) is not that of the certificate \(certificate)")
            }
        }
        if let authorities {
            guard SSL_CTX_load_verify_file(handle, authorities) == 1 else {
                throw TLSError("the certificates of authorities \(authorities) cannot be used: \(Self.lastError())")
            }
            SSL_CTX_set_client_CA_list(handle, SSL_load_client_CA_file(authorities))
        }
        let mode =
            switch clientCertificates {
            case .required: SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
            case .optional: SSL_VERIFY_PEER
            case .off: SSL_VERIFY_NONE
            }
        SSL_CTX_set_verify(handle, mode, nil)
    }

    deinit { SSL_CTX_free(handle) }

    /// OpenSSL's last error on this thread, in words.
    static func lastError() -> String {
        var code: UInt = 0
        while true {
            let next = ERR_get_error()
            if next == 0 { break }
            code = next
        }
        guard code != 0, let reason = ERR_reason_error_string(code) else { return "unknown error" }
        return String(cString: reason)
    }
}

extension TLSContext.Profile {
    /// Of TLS 1.2.
    fileprivate var ciphers: String {
        let strong = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES256-GCM-SHA384"
        return switch self {
        case .extendedBCP195: strong
        case .bcp195:
            "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256:\(strong)"
                + ":ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
        }
    }

    /// Of TLS 1.3.
    fileprivate var suites: String {
        switch self {
        case .extendedBCP195: "TLS_AES_256_GCM_SHA384"
        case .bcp195: "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
        }
    }
}

/// Why connections cannot be secured, in a sentence.
package struct TLSError: Error, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
