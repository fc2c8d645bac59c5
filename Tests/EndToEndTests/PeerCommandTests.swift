import Foundation
import TestSupport
import Testing

/// The commands that call a peer, each with each server that can answer it: dcmtk's storescp and dcmqrscp, and Orthanc.
///
/// What was transferred is compared byte for byte.
@Suite(
    .enabled(if: Python.path != nil, "\(Python.missing)"),
    .enabled(if: OrthancServer.isInstalled, "Orthanc is not installed"), .peerServers, .certificates)
struct PeerCommandTests {
    private typealias Archive = PeerServers.Archive
    private let folder: TemporaryFolder
    private let servers = PeerServers.current

    init() throws { folder = try TemporaryFolder() }

    /// The data sets of the corpus whose UIDs begin with a number, such as 1.2.
    private func corpus(_ number: String) throws -> [String: [UInt8]] {
        try dataSets(in: servers.corpus).filter { "\($0.key).".hasPrefix("\(Corpus.root).\(number).") }
    }

    /// All that an archive has, as `export` writes it.
    private func exported(_ archive: String) throws -> [String: [UInt8]] {
        let out = folder.appending("exported-\(UUID().uuidString)")
        for patient in try DicomFS.json([Listed].self, "list", "--archive", archive, "--level", "patient") {
            let done = try DicomFS.run("export", "--archive", archive, patient.id, out)
            guard done.status == 0 else { throw UnexpectedExit(program: done) }
        }
        return try dataSets(in: out)
    }

    private func write(_ settings: String) throws -> String { try folder.write("settings.yaml", Array(settings.utf8)) }

    // MARK: echo and peers

    private struct Echoed: Decodable {
        var status: String
    }

    @Test(arguments: PeerServers.Archive.allCases)
    func `echo says that a server answers`(archive: PeerServers.Archive) throws {
        let address = servers.address(archive)
        let done = try DicomFS.run("echo", address)
        #expect(done.status == 0, "\(done.errors)")
        #expect(done.output.hasPrefix("\(address): answers, "))
        #expect(try DicomFS.json(Echoed.self, "echo", address).status == "0000")
        // By its name in the settings.
        #expect(try DicomFS.run("echo", "--config", write(servers.settings()), archive.rawValue).status == 0)
    }

    @Test func `peers --test says of each peer whether it answers, and fails when one does not`() throws {
        struct Tested: Decodable {
            var name: String
            var answers: Bool
        }
        let settings = try write(servers.settings())
        let good = try DicomFS.run("peers", "--config", settings, "--test")
        #expect(good.status == 0)
        #expect(good.output.components(separatedBy: ": answers, ").count == 3, "\(good.output)")
        let dead = """
              dead: {ae-title: DEAD, host: 127.0.0.1, port: \(LocalPort.free())}
              none: {ae-title: NONE, host: 127.0.0.1}

            """
        _ = try write(servers.settings("MOVE", dead))
        let bad = try DicomFS.run("peers", "--config", settings, "--test")
        #expect(bad.status == 1)
        #expect(bad.output.contains("\ndead: no association with DEAD@127.0.0.1:"), "\(bad.output)")
        #expect(!bad.output.contains("none"))
        let printed = try DicomFS.run("peers", "--config", settings, "--test", "--json")
        let answers = try JSONDecoder().decode([Tested].self, from: Data(printed.output.utf8))
        #expect(Set(answers.filter(\.answers).map(\.name)) == ["dcmqrscp", "orthanc"])
        #expect(answers.filter { !$0.answers }.map(\.name) == ["dead"])
    }

    // MARK: send

    /// What `send --json` prints.
    private struct Sent: Decodable {
        var sent: Int
        var failed: [String]
        var skipped: [String]
        var committed: Int?
    }

    /// Sends a file, a folder and an identifier; each arrives.
    private func sendAll(to address: String, storage: String, seed: Int, options: [String] = []) throws {
        let sources = try (0..<3).map {
            try Study.make(in: folder.appending("study\($0)"), images: 2, size: 16, seed: seed + $0)
        }
        _ = try folder.write("study1/notes.txt", Array("not DICOM".utf8))
        let archive = folder.appending("archive")
        #expect(try DicomFS.run("import", "--archive", archive, folder.appending("study2")).status == 0)
        let study = try #require(
            try DicomFS.json([Listed].self, "list", "--archive", archive, "--level", "study").first)
        let done = try Program.run(
            DicomFS.path,
            ["send", "--archive", archive, address, "--json"] + options + sources[0] + [
                folder.appending("study1"), study.id,
            ])
        #expect(done.status == 0, "\(done.errors)")
        let sent = try JSONDecoder().decode(Sent.self, from: Data(done.output.utf8))
        #expect(sent.sent == 6)
        #expect(sent.failed == [])
        #expect(sent.skipped == ["\(folder.appending("study1/notes.txt")): no DICOM file with a head"])
        let arrived = try dataSets(in: storage)
        for number in 0..<3 {
            for (uid, bytes) in try dataSets(in: folder.appending("study\(number)")) {
                #expect(arrived[uid] == bytes, "\(uid)")
            }
        }
    }

    @Test(arguments: PeerServers.Archive.allCases)
    func `files, folders and what an identifier names are sent`(archive: PeerServers.Archive) throws {
        let place = archive == .orthanc ? 20 : 30
        try sendAll(
            to: servers.address(archive), storage: try #require(servers.storage[archive]), seed: place)
    }

    @Test func `files, folders and what an identifier names are sent with TLS to who trusts us`() throws {
        let certificates = try #require(Certificates.current)
        let port = LocalPort.free()
        let received = try folder.makeFolder("received")
        let receiver = try StoreSCP(port, certificates.dcmtk("server") + ["+B", "-od", received])
        defer { receiver.stop() }
        let settings = try write(certificates.settings())
        try sendAll(
            to: "RECEIVER@127.0.0.1:\(port)", storage: received, seed: 40, options: ["--config", settings, "--tls"])
        let echoed = try DicomFS.run("echo", "--config", settings, "--tls", "RECEIVER@127.0.0.1:\(port)")
        #expect(echoed.status == 0, "\(echoed.errors)")
        // Without TLS, and to who does not trust us.
        let plain = try DicomFS.run("echo", "--config", settings, "--retries", "0", "RECEIVER@127.0.0.1:\(port)")
        #expect(plain.status == 69, "\(plain.errors)")
        receiver.stop()
        let other = try StoreSCP(port, certificates.dcmtk("other-server", trusting: "other-ca"))
        defer { other.stop() }
        let stranger = try DicomFS.run(
            "echo", "--config", settings, "--tls", "--retries", "0", "RECEIVER@127.0.0.1:\(port)")
        #expect(stranger.status == 69)
        #expect(stranger.errors.contains("TLS: the peer's certificate"), "\(stranger.errors)")
    }

    @Test func `what a receiver takes only uncompressed is transcoded, when it is in the archive`() throws {
        let source = try Study.make(in: folder.appending("study"), images: 1, size: 16)[0]
        let compressed = folder.appending("compressed.dcm")
        #expect(try Program.run("/usr/bin/dcmcrle", [source, compressed]).status == 0)
        let archive = folder.appending("archive")
        #expect(try DicomFS.run("import", "--archive", archive, compressed).status == 0)
        let port = LocalPort.free()
        let received = try folder.makeFolder("received")
        // dcmtk's own default is to take what is uncompressed.
        let receiver = try StoreSCP(port, ["+B", "-od", received])
        defer { receiver.stop() }
        let address = "RECEIVER@127.0.0.1:\(port)"
        let refused = try DicomFS.run("send", address, compressed)
        #expect(refused.status == 1)
        #expect(refused.errors.contains("no presentation context for it was accepted"), "\(refused.errors)")
        #expect(try dataSets(in: received).isEmpty)
        let id = try #require(
            try DicomFS.json([Listed].self, "list", "--archive", archive, "--level", "instance").first?.id)
        let sent = try DicomFS.run("send", "--archive", archive, address, id)
        #expect(sent.output == "sent 1, failed 0, skipped 0\n", "\(sent.errors)")
        #expect(try dataSets(in: received) == dataSets(in: folder.appending("study")))
    }

    @Test(arguments: [false, true])
    func `the report on a commitment comes over an association of Orthanc's own`(isServed: Bool) throws {
        let title = isServed ? "COMMIT2" : "COMMIT"
        let settings = servers.settings(title)
        let file = try write(settings)
        let study = folder.appending("study")
        _ = try Study.make(in: study, images: 2, size: 16, seed: isServed ? 50 : 51)
        let served =
            try isServed
            ? ServedArchive(options: ["--dicom-port", "\(servers.own[title] ?? 0)"], settings: settings) : nil
        let archive = served?.archive ?? folder.appending("archive")
        let done = try DicomFS.run(
            "send", "--archive", archive, "--config", file, "orthanc", "--commit", "--commit-timeout", "30", study)
        #expect(done.status == 0, "\(done.errors)")
        #expect(done.output == "sent 2, failed 0, skipped 0, committed 2, not committed 0\n")
        if let served { #expect(served.says("ORTHANC@127.0.0.1")) }
    }

    @Test func `who has no storage commitment is named, and the exit code is 1`() throws {
        let study = folder.appending("study")
        _ = try Study.make(in: study, images: 1, size: 16, seed: 52)
        let done = try DicomFS.run(
            "send", "--config", write(servers.settings()), "dcmqrscp", "--commit", study)
        #expect(done.status == 1)
        #expect(done.errors.contains("the peer does not accept this service"), "\(done.errors)")
    }

    // MARK: find

    @Test(arguments: PeerServers.Archive.allCases)
    func `find prints a line or an object for each match`(archive: PeerServers.Archive) throws {
        let address = servers.address(archive)
        let root = Corpus.root
        let studies = try DicomFS.run("find", address, "PatientName=P1*")
        #expect(studies.status == 0, "\(studies.errors)")
        #expect(
            studies.output.split(separator: "\n").sorted() == ["\(root).1\tP1^Name", "\(root).2\tP1^Name"])
        let series = try DicomFS.run("find", address, "--level", "series", "StudyInstanceUID=\(root).1", "Modality")
        #expect(
            series.output.split(separator: "\n").sorted() == [
                "\(root).1.1\tCT\t\(root).1", "\(root).1.2\tCT\t\(root).1",
            ])
        let patients = try DicomFS.run("find", address, "--level", "patient", "PatientID=P2", "PatientName")
        #expect(patients.output == "P2\tP2^Name\n")
        let one = try DicomFS.run("find", address, "--limit", "1", "PatientName=P1*")
        #expect(one.status == 0)
        #expect(one.output.split(separator: "\n").count == 1)

        struct Object: Decodable {
            struct Value: Decodable {
                var values: [String]?
                private enum CodingKeys: String, CodingKey { case values = "Value" }
            }
            var study: Value
            private enum CodingKeys: String, CodingKey { case study = "0020000D" }
        }
        let found = try DicomFS.json([Object].self, "find", address, "PatientName=P1*")
        #expect(Set(found.flatMap { $0.study.values ?? [] }) == ["\(root).1", "\(root).2"])
        let nothing = try DicomFS.run("find", address, "PatientID=nobody")
        #expect(nothing.status == 0)
        #expect(nothing.output == "")
        #expect(try DicomFS.run("find", address, "PatientID=nobody", "--json").output == "[]\n")
    }

    @Test func `find --json prints an array also when the association ends in the middle, and fails`() throws {
        let script = """
            import json, subprocess
            def find(event):
                answer = Dataset()
                answer.StudyInstanceUID = '1.2.3'
                yield 0xFF00, answer
                event.assoc.abort()
            provider = AE('FOUND')
            provider.add_supported_context(StudyFind)
            server = provider.start_server(
                ('127.0.0.1', port), block=False, evt_handlers=[(evt.EVT_C_FIND, find)])
            done = subprocess.run(
                [arguments[0], 'find', f'FOUND@127.0.0.1:{port}', '--json', 'StudyInstanceUID'], capture_output=True,
                text=True)
            print(done.returncode, json.loads(done.stdout)[0]['0020000D']['Value'], 'ended' in done.stderr)
            server.shutdown()
            """
        #expect(try PythonPeer.run(script, port: LocalPort.free(), [DicomFS.path]) == ["1 ['1.2.3'] True"])
    }

    // MARK: get and move

    /// What `get --json` and `move --json` print.
    private struct Retrieved: Decodable {
        var status: String
        var completed: Int
        var failed: Int
    }

    @Test(arguments: PeerServers.Archive.allCases)
    func `get stores what it asks for in an archive, served or not`(archive: PeerServers.Archive) throws {
        let address = servers.address(archive)
        let path = folder.appending("archive")
        let done = try DicomFS.json(
            Retrieved.self, "get", "--archive", path, address, "StudyInstanceUID=\(Corpus.root).1")
        #expect(done.status == "0000")
        #expect(done.completed == 5)
        #expect(try exported(path) == corpus("1"))
        let served = try ServedArchive()
        let series = try DicomFS.run(
            "get", "--archive", served.archive, address, "StudyInstanceUID=\(Corpus.root).1",
            "SeriesInstanceUID=\(Corpus.root).1.2")
        #expect(series.output == "fetched 2, failed 0\n", "\(series.errors)")
        #expect(try dataSets(in: served.mount) == corpus("1.2"))
    }

    @Test(arguments: PeerServers.Archive.allCases, [false, true])
    func `move has a server send to us, whoever listens`(archive: PeerServers.Archive, isServed: Bool) throws {
        let title = "\(archive)\(isServed ? 2 : 1)"
        let settings = servers.settings(title)
        let file = try write(settings)
        let served =
            try isServed
            ? ServedArchive(options: ["--dicom-port", "\(servers.own[title] ?? 0)"], settings: settings) : nil
        let path = served?.archive ?? folder.appending("archive")
        let done = try DicomFS.json(
            Retrieved.self, "move", "--archive", path, "--config", file, archive.rawValue,
            "StudyInstanceUID=\(Corpus.root).3")
        #expect(done.status == "0000")
        #expect(done.completed == 2)
        #expect(try exported(path) == corpus("3"))
    }

    @Test(arguments: PeerServers.Archive.allCases)
    func `move --to has a server send to another, and fails for one that it does not know`(archive: PeerServers.Archive)
        throws
    {
        let port = try #require(servers.own["\(archive)3"])
        let received = try folder.makeFolder("received")
        let receiver = try StoreSCP(port, ["+B", "-od", received])
        defer { receiver.stop() }
        let study = "StudyInstanceUID=\(Corpus.root).2"
        let moved = try DicomFS.run("move", servers.address(archive), "--to", "\(archive)3", study)
        #expect(moved.output == "fetched 1, failed 0\n", "\(moved.errors)")
        #expect(try dataSets(in: received) == corpus("2"))
        let unknown = try DicomFS.run("move", servers.address(archive), "--to", "NOBODY", study)
        #expect(unknown.status == 1)
        #expect(unknown.errors.contains("answers with status "), "\(unknown.errors)")
    }

    // MARK: exit codes

    @Test func `exit codes tell who is wrong: the caller, the settings, or the peer`() throws {
        let dead = "DEAD@127.0.0.1:\(LocalPort.free())"
        let address = servers.address(.orthanc)
        let archive = folder.appending("archive")
        let noPort = try write("peers:\n  none: {ae-title: NONE, host: 127.0.0.1}\n")
        let source = try Study.make(in: folder.appending("study"), images: 1, size: 16)[0]
        #expect(try DicomFS.run("import", "--archive", archive, source).status == 0)
        let cases: [(Int32, String, [String])] = [
            (69, "no association with \(dead)", ["echo", dead, "--retries", "0"]),
            (69, "no association with \(dead)", ["find", dead, "--retries", "0"]),
            (69, "no association with \(dead)", ["send", dead, "--retries", "0", source]),
            (69, "no association with \(dead)", ["get", dead, "--retries", "0", "--archive", archive]),
            (69, "no association with \(dead)", ["move", dead, "--retries", "0", "--to", "X"]),
            (64, "no peer is called nobody: the settings know none", ["echo", "nobody", "--config", noPort]),
            (64, "Nonsense", ["find", address, "Nonsense=1"]),
            (64, "--limit takes a number from 1 on", ["find", address, "--limit", "0"]),
            (64, "--retries takes 0 to 1000", ["echo", address, "--retries=-1"]),
            (64, "--timeout takes 1 to 86400", ["echo", address, "--timeout", "0"]),
            (64, "--to takes 1 to 16 ASCII characters", ["move", address, "--to", "A TITLE THAT IS TOO LONG"]),
            (64, "<what> ...", ["send", address]),
            (78, "the peer none has no port in the settings", ["echo", "none", "--config", noPort]),
            (78, "set tls.certificate, tls.key and tls.ca in the settings", ["echo", "--tls", address]),
            (78, "cannot read", ["echo", address, "--config", folder.appending("nothing.yaml")]),
            (
                1, "nothing in the archive has the identifier ffffffffff",
                ["send", "--archive", archive, address, "ffffffffff"]
            ),
            (69, "the peer rejects the association", ["find", "X@127.0.0.1:\(servers.ports[.dcmqrscp] ?? 0)"]),
        ]
        for (status, words, arguments) in cases {
            let done = try Program.run(DicomFS.path, arguments)
            #expect(done.status == status, "\(arguments): \(done.errors)")
            #expect(done.errors.contains(words), "\(arguments): \(done.errors)")
            #expect(done.output == "")
        }
    }
}
