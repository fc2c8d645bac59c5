import Foundation
import Glibc
import TestSupport
import Testing

/// Associations through TLS, in both directions, with dcmtk's programs, pynetdicom and OpenSSL's own client.
@Suite(.serialized, .certificates)
struct TLSTests {
    /// A daemon that accepts with TLS and without.
    private func serve(_ certificates: Certificates, _ more: String = "", peers: String = "") throws -> ServedArchive {
        let unknown = "dicom: {unknown-peers: [echo, store, find, move, get, commit]}\n"
        return try ServedArchive(settings: unknown + certificates.settings(more) + peers)
    }

    private func echo(_ served: ServedArchive, _ options: [String], port: Int? = nil) throws -> Program {
        try Program.run(
            "/usr/bin/echoscu", options + ["-aec", "DICOMFS", "127.0.0.1", "\(port ?? served.securePort)"])
    }

    /// OpenSSL's client agrees on TLS, and no more than that.
    private func agree(_ served: ServedArchive, _ certificates: Certificates, _ options: [String]) throws -> Program {
        try Program.run(
            "openssl",
            [
                "s_client", "-connect", "127.0.0.1:\(served.securePort)", "-brief", "-cert",
                certificates.certificate("client"), "-key", certificates.key("client"), "-CAfile",
                certificates.certificate("ca"), "-verify_return_error",
            ] + options)
    }

    @Test(.enabled(if: Python.path != nil, "\(Python.missing)"))
    func `clients with a certificate of our authority are served, and those without TLS beside them`() throws {
        let certificates = try #require(Certificates.current)
        let served = try serve(certificates)
        let study = served.folder.appending("study")
        let sources = try Study.make(in: study, images: 2, size: 16)
        let place = ["-aec", "DICOMFS", "127.0.0.1", "\(served.securePort)"]
        let client = certificates.dcmtk("client")
        let sent = try Program.run("/usr/bin/storescu", client + place + ["+sd", study])
        #expect(sent.status == 0, "\(sent.errors)")
        #expect(try echo(served, client).status == 0)
        let keys = ["-S", "-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID"]
        let found = try Program.run("/usr/bin/findscu", client + keys + place)
        #expect(found.status == 0)
        #expect(found.errors.components(separatedBy: "Find Response:").count == 2, "\(found.errors)")
        let script = """
            client, key, authority, source = arguments[1:]
            context = ssl.create_default_context(cafile=authority)
            context.check_hostname = False
            context.load_cert_chain(client, key)
            receiver = Receiver()
            association = associate(
                Verification, StudyGet, Commitment, roles=[CTImageStorage], at=int(arguments[0]),
                handlers=[(evt.EVT_C_STORE, receiver.store)], tls_args=(context, None))
            print(f'{association.send_c_echo().Status:04X}')
            image = pydicom.dcmread(source)
            print(last(association.send_c_get(identifier('STUDY', StudyInstanceUID=image.StudyInstanceUID), StudyGet)))
            print(receiver.digests == digests(os.path.dirname(source)))
            association.release()
            # Whose end is one, and not a connection that was cut.
            import socket
            with socket.create_connection(('127.0.0.1', int(arguments[0]))) as raw:
                with context.wrap_socket(raw, suppress_ragged_eofs=False) as secured:
                    secured.sendall(A_RELEASE_RQ().encode())
                    print(secured.recv(100)[0], secured.recv(100))
            """
        let said = try PythonPeer.run(
            script, served,
            [
                "\(served.securePort)", certificates.certificate("client"), certificates.key("client"),
                certificates.certificate("ca"), sources[0],
            ])
        #expect(said == ["0000", "0000 2 0 0 -", "True", "7 b''"])
        #expect(try served.answersEcho())
        #expect(served.says("association PYTHON@127.0.0.1: 1 operations, 2 sent"))
        #expect(served.logLines("association PYTHON").first?.contains("TLSv1.3, /CN=client, released") == true)
    }

    /// Who is refused, and how the log says why.
    struct Refused: Sendable {
        let name: String
        let reason: String
        /// Tries to get an echo.
        let options: @Sendable (Certificates) -> [String]

        init(_ name: String, _ reason: String, _ options: @escaping @Sendable (Certificates) -> [String]) {
            self.name = name
            self.reason = reason
            self.options = options
        }

        static let all: [Refused] = [
            Refused("of another authority", "the peer's certificate: unable to get local issuer certificate") {
                $0.dcmtk("other-client")
            },
            Refused("of a certificate that has expired", "the peer's certificate: certificate has expired") {
                $0.dcmtk("expired")
            },
            Refused("without a certificate", "peer did not return a certificate") {
                ["+tla", "+cf", $0.certificate("ca")]
            },
            Refused("without TLS", "wrong version number") { _ in [] },
            Refused("that trusts another authority", "tlsv1 alert unknown ca") {
                $0.dcmtk("client", trusting: "other-ca")
            },
        ]
    }

    @Test func `a client that may not come is refused, with one line of the log`() throws {
        let certificates = try #require(Certificates.current)
        let served = try serve(certificates)
        for (place, refused) in Refused.all.enumerated() {
            #expect(try echo(served, refused.options(certificates)).status != 0, "\(refused.name)")
            #expect(served.says("no association: TLS: \(refused.reason)"), "\(served.log)")
            #expect(served.logLines("association ").count == place + 1, "\(served.log)")
        }
        #expect(try echo(served, certificates.dcmtk("client")).status == 0)
        #expect(served.says("TLSv1.3, /CN=client, released"))
    }

    @Test func `a client with TLS at the port without is refused, with one line of the log`() throws {
        let certificates = try #require(Certificates.current)
        let served = try serve(certificates)
        #expect(try echo(served, certificates.dcmtk("client"), port: served.port).status != 0)
        #expect(served.says("not an association request: the first byte is 16 hexadecimal"))
        #expect(try served.answersEcho())
        #expect(served.says("association ECHOSCU"))
        #expect(served.logLines("association ").count == 2, "\(served.log)")
    }

    @Test func `a client without a certificate is served where certificates are optional or off`() throws {
        let certificates = try #require(Certificates.current)
        for how in ["optional", "off"] {
            let served = try serve(certificates, "client-certificates: \(how)")
            #expect(try echo(served, ["+tla", "+cf", certificates.certificate("ca")]).status == 0)
            #expect(served.says("TLSv1.3, released"))
            // One that is shown is looked at, when it is asked for.
            let isAccepted = try echo(served, certificates.dcmtk("other-client")).status == 0
            #expect(isAccepted == (how == "off"))
        }
    }

    @Test func `TLS 1.2 and 1.3 with forward secrecy are agreed on, and nothing older or weaker`() throws {
        let certificates = try #require(Certificates.current)
        let served = try serve(certificates)
        let old = ["-cipher", "DEFAULT:@SECLEVEL=0"]
        let weak = [
            ["-tls1"] + old, ["-tls1_1"] + old, ["-tls1_2", "-cipher", "AES256-GCM-SHA384"],
            ["-tls1_2", "-cipher", "ECDHE-RSA-AES256-SHA384"], ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA"],
            ["-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_SHA256"],
        ]
        for options in weak {
            let tried = try agree(served, certificates, options)
            #expect(tried.status != 0, "\(options)")
            #expect(tried.errors.contains("alert"), "\(options): \(tried.errors)")
        }
        for options in [
            ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"], ["-tls1_2", "-cipher", "DHE-RSA-AES256-GCM-SHA384"],
            ["-tls1_2", "-cipher", "ECDHE-RSA-CHACHA20-POLY1305"],
            ["-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256"],
        ] {
            let agreed = try agree(served, certificates, options)
            #expect(agreed.status == 0, "\(options): \(agreed.errors)")
            #expect(agreed.errors.contains("Ciphersuite: \(options[2])"), "\(agreed.errors)")
        }
        #expect(served.says("connection closed before the association request"))
        #expect(waitUntil { served.logLines("association unknown@127.0.0.1").count == weak.count + 4 }, "\(served.log)")
    }

    @Test func `the extended profile takes keys of 256 bits only`() throws {
        let certificates = try #require(Certificates.current)
        let served = try serve(certificates, "profile: bcp195-extended")
        for options in [
            ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"],
            ["-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256"],
            ["-tls1_2", "-cipher", "ECDHE-RSA-CHACHA20-POLY1305"],
        ] {
            #expect(try agree(served, certificates, options).status != 0, "\(options)")
        }
        for options in [
            ["-tls1_2", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384"],
            ["-tls1_3", "-ciphersuites", "TLS_AES_256_GCM_SHA384"],
        ] {
            #expect(try agree(served, certificates, options).status == 0, "\(options)")
        }
        #expect(try echo(served, certificates.dcmtk("client") + ["+pz"]).status == 0)
    }

    @Test func `a C-MOVE goes to a destination with TLS, when each trusts the other`() throws {
        let certificates = try #require(Certificates.current)
        let port = LocalPort.free()
        let served = try serve(
            certificates, peers: "peers:\n  dest: {ae-title: DEST, host: 127.0.0.1, port: \(port), tls: true}\n")
        let source = try Study.make(in: served.folder.appending("study"), images: 1, size: 16)[0]
        _ = try served.storescu([source])
        for (name, authority, isTrusted) in [
            ("server", "ca", true), ("other-server", "ca", false), ("expired", "ca", false),
            ("server", "other-ca", false),
        ] {
            let moved = try served.folder.makeFolder("\(name)-\(authority)")
            let receiver = try StoreSCP(port, certificates.dcmtk(name, trusting: authority) + ["+B", "-od", moved])
            let tried = try Program.run(
                "/usr/bin/movescu",
                [
                    "-v", "-S", "-aec", "DICOMFS", "-aem", "DEST", "127.0.0.1", "\(served.port)", "-k",
                    "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=1.2.826.0.1.3680043.10.1462.1.1",
                ])
            receiver.stop()
            let files = try FileManager.default.contentsOfDirectory(atPath: moved)
            if isTrusted {
                #expect(tried.errors.contains("Received Final Move Response (Success)"), "\(tried.errors)")
                #expect(files.count == 1)
                #expect(try dataSet(ofFile: "\(moved)/\(files[0])") == dataSet(ofFile: source))
            } else {
                #expect(tried.errors.contains("Refused: OutOfResourcesSubOperations"), "\(tried.errors)")
                #expect(files == [])
            }
        }
        #expect(served.says("move to dest by MOVESCU@127.0.0.1: 1 sent, 0 failed"))
        #expect(waitUntil { served.logLines("move to dest").count == 4 })
        let failures = served.logLines("move to dest by MOVESCU@127.0.0.1: 0 sent, 1 failed")
        #expect(failures.count == 3)
        #expect(failures[0].contains("TLS: the peer's certificate: unable to get local issuer certificate"))
        #expect(failures[1].contains("TLS: the peer's certificate: certificate has expired"))
        #expect(failures[2].contains("TLS: tlsv1 alert unknown ca"), "\(failures[2])")
    }

    @Test func `dicomfs move takes what comes with TLS, where the settings have a port for it`() throws {
        let certificates = try #require(Certificates.current)
        let port = LocalPort.free()
        let served = try serve(
            certificates,
            peers: "peers:\n  ours: {ae-title: OURS, host: 127.0.0.1, port: \(port), tls: true, may: [move]}\n")
        let source = try Study.make(in: served.folder.appending("study"), images: 1, size: 16)[0]
        #expect(try DicomFS.run("import", "--archive", served.archive, source).status == 0)
        let settings = """
            dicom: {ae-title: OURS, port: \(LocalPort.free())}
            \(certificates.settings().replacing("port: 0", with: "port: \(port)"))
            peers:
              theirs: {ae-title: DICOMFS, host: 127.0.0.1, port: \(served.port), may: [store]}
            """
        let file = try served.folder.write("ours.yaml", Array(settings.utf8))
        let archive = served.folder.appending("ours")
        let moved = try DicomFS.run(
            "move", "--archive", archive, "--config", file, "theirs",
            "StudyInstanceUID=1.2.826.0.1.3680043.10.1462.1.1")
        #expect(moved.output == "fetched 1, failed 0\n", "\(moved.errors)\(served.log)")
        #expect(try DicomFS.json([Listed].self, "list", "--archive", archive).count == 1)
    }

    @Test func `both ports are served by the worker that takes the place of another`() throws {
        let certificates = try #require(Certificates.current)
        let served = try serve(certificates)
        for _ in 0..<3 {
            kill(try #require(served.worker), SIGKILL)
            #expect(try echo(served, certificates.dcmtk("client")).status == 0)
            #expect(try served.answersEcho())
        }
    }
}
