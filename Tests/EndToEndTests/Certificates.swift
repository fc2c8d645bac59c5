import Foundation
import TestSupport
import Testing

/// Certificates that the openssl command makes, in a folder: each `NAME.pem` with its key `NAME.key`.
///
/// `ca` signs `server`, `client` and `expired`, whose time is over; `other-ca` signs `other-server` and `other-client`.
final class Certificates: Sendable {
    /// Those of the suite that is being run.
    @TaskLocal static var current: Certificates?

    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        for authority in ["ca", "other-ca"] {
            try run(["req", "-x509", "-days", "30"] + newKey(authority) + ["-out", certificate(authority)])
        }
        try make("server", signedBy: "ca")
        try make("client", signedBy: "ca")
        try make("expired", signedBy: "ca", days: -1)
        try make("other-server", signedBy: "other-ca")
        try make("other-client", signedBy: "other-ca")
    }

    func certificate(_ name: String) -> String { folder.appending("\(name).pem") }
    func key(_ name: String) -> String { folder.appending("\(name).key") }

    /// Options of dcmtk's programs: who we are, and whom we trust.
    func dcmtk(_ name: String, trusting authority: String = "ca") -> [String] {
        ["+tls", key(name), certificate(name), "+cf", certificate(authority)]
    }

    /// The section `tls` of a settings file, with a free port.
    func settings(_ more: String = "") -> String {
        """
        tls:
          port: 0
          certificate: \(certificate("server"))
          key: \(key("server"))
          ca: \(certificate("ca"))
          \(more)

        """
    }

    private func newKey(_ name: String) -> [String] {
        ["-newkey", "rsa:2048", "-nodes", "-keyout", key(name), "-subj", "/CN=\(name)"]
    }

    private func make(_ name: String, signedBy authority: String, days: Int = 30) throws {
        let request = folder.appending("request")
        try run(["req", "-new"] + newKey(name) + ["-out", request])
        try run([
            "x509", "-req", "-in", request, "-CA", certificate(authority), "-CAkey", key(authority), "-CAcreateserial",
            "-days", "\(days)", "-out", certificate(name),
        ])
    }

    private func run(_ arguments: [String]) throws {
        let done = try Program.run("openssl", arguments)
        guard done.status == 0 else { throw UnexpectedExit(program: done) }
    }
}

/// Makes certificates for a suite.
struct CertificatesTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await Certificates.$current.withValue(try Certificates()) { try await function() }
    }
}

extension Trait where Self == CertificatesTrait {
    static var certificates: Self { CertificatesTrait() }
}
