import Foundation
import TestSupport
import Testing

/// Each service with each client that Debian and PyPI have for it: a table with a row for each pair.
@Suite(.serialized, .servedCorpus, .enabled(if: Python.path != nil, "\(Python.missing)"))
struct ServiceTests {
    /// A client and what it asks for.
    struct Pair: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let check: @Sendable (ServedCorpus) throws -> Void

        init(_ client: String, _ service: String, _ check: @escaping @Sendable (ServedCorpus) throws -> Void) {
            testDescription = "\(service) by \(client)"
            self.check = check
        }
    }

    static let pairs: [Pair] = [
        Pair("echoscu", "C-ECHO") { corpus in
            let done = try dcmtk("echoscu", ["-v"], corpus)
            #expect(done.status == 0)
            #expect(done.errors.contains("Received Echo Response (Success)"))
        },
        Pair("storescu", "C-STORE") { corpus in
            let folder = try TemporaryFolder()
            let sources = try Study.make(in: folder.appending("study"), images: 3, size: 16, seed: 71)
            let done = try dcmtk("storescu", ["-v"], corpus, sources)
            #expect(done.status == 0)
            #expect(done.errors.components(separatedBy: "Received Store Response (Success)").count == 4)
            try expectStored(sources, corpus)
        },
        Pair("findscu", "C-FIND in Patient Root") { try find("-P", "PATIENT", [("PatientID", "P?")], 2, $0) },
        Pair("findscu", "C-FIND in Study Root") { corpus in
            try find("-S", "STUDY", [("PatientID", "P1"), ("StudyInstanceUID", "")], 2, corpus)
            let series = [("StudyInstanceUID", "\(Corpus.root).1"), ("SeriesInstanceUID", "\(Corpus.root).1.1")]
            try find("-S", "IMAGE", series + [("SOPInstanceUID", "")], 3, corpus)
        },
        Pair("movescu", "C-MOVE in Patient Root, to itself") { corpus in
            try retrieve("movescu", ["-P"], "PATIENT", [("PatientID", "P1")], ["1.1", "1.2", "2.1"], corpus)
        },
        Pair("movescu", "C-MOVE in Study Root, to itself") { corpus in
            let keys = [("StudyInstanceUID", "\(Corpus.root).1"), ("SeriesInstanceUID", "\(Corpus.root).1.2")]
            try retrieve("movescu", ["-S"], "SERIES", keys, ["1.2"], corpus)
        },
        Pair("movescu", "C-MOVE to storescp") { corpus in
            let folder = try TemporaryFolder()
            let receiver = try StoreSCP(corpus.destination, ["+B", "-od", folder.path])
            let keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=\(Corpus.root).1\\\(Corpus.root).3"]
            let done = try dcmtk("movescu", ["-v", "-S", "-aem", "DEST"] + keys, corpus)
            receiver.stop()
            #expect(done.status == 0, "\(done.errors)")
            #expect(done.errors.contains("Received Final Move Response (Success)"))
            try expectSame(folder.path, ["1.1", "1.2", "3.1"], corpus)
        },
        Pair("getscu", "C-GET in Patient Root") { corpus in
            let keys = [("PatientID", "P1"), ("StudyInstanceUID", "\(Corpus.root).1\\\(Corpus.root).2")]
            try retrieve("getscu", ["-P"], "STUDY", keys, ["1.1", "1.2", "2.1"], corpus)
        },
        Pair("getscu", "C-GET in Study Root") { corpus in
            let keys = [
                ("StudyInstanceUID", "\(Corpus.root).3"), ("SeriesInstanceUID", "\(Corpus.root).3.1"),
                ("SOPInstanceUID", "\(Corpus.root).3.1.2"),
            ]
            try retrieve("getscu", ["-S"], "IMAGE", keys, ["3.1.2"], corpus)
        },
        // It proposes a private SOP Class, which a provider that knows it would take for the request to end by refusing the
        // association. Private classes are taken for storage here: it is accepted, and released.
        Pair("termscu", "a request to end, which ends nothing") { corpus in
            let done = try dcmtk("termscu", ["-v"], corpus)
            #expect(done.status == 0, "\(done.errors)")
            #expect(done.errors.contains("Association Accepted"))
            #expect(try dcmtk("echoscu", [], corpus).status == 0)
        },
        Pair("pynetdicom", "C-ECHO") { corpus in
            let script = """
                association = associate(Verification)
                print(f'{association.send_c_echo().Status:04X}')
                association.release()
                """
            let said = try PythonPeer.run(script, port: corpus.port)
            #expect(said == ["0000"])
        },
        Pair("pynetdicom", "C-STORE") { corpus in
            let folder = try TemporaryFolder()
            let sources = try Study.make(in: folder.appending("study"), images: 3, size: 16, seed: 72)
            let script = """
                association = associate(CTImageStorage)
                print(*(f'{association.send_c_store(each).Status:04X}' for each in arguments))
                association.release()
                """
            let said = try PythonPeer.run(script, port: corpus.port, sources)
            #expect(said == ["0000 0000 0000"])
            try expectStored(sources, corpus)
        },
        Pair("pynetdicom", "C-FIND in both models, by both transfer syntaxes") { corpus in
            let script = """
                for model, level, keys in (
                        (PatientFind, 'PATIENT', dict(PatientID='P?')), (StudyFind, 'STUDY', dict(PatientID='P1')),
                        (StudyFind, 'SERIES', dict(StudyInstanceUID=f'{ROOT}.1', SeriesInstanceUID=''))):
                    for syntax in (EXPLICIT, IMPLICIT):
                        ae = AE('PYTHON')
                        ae.add_requested_context(model, syntax)
                        association = ae.associate('127.0.0.1', port)
                        *found, last = association.send_c_find(identifier(level, **keys), model)
                        print(level, *sorted({f'{status.Status:04X}' for status, _ in found}), len(found), f'{last[0].Status:04X}')
                        association.release()
                """
            let said = try PythonPeer.run(script, port: corpus.port)
            let wanted = ["PATIENT FF00 2 0000", "STUDY FF00 2 0000", "SERIES FF00 2 0000"]
            #expect(said == wanted.flatMap { [$0, $0] })
        },
        Pair("pynetdicom", "C-MOVE") { corpus in
            let script = """
                receiver = Receiver()
                server = receiver.listen(int(arguments[0]))
                association = associate(PatientMove)
                print(last(association.send_c_move(identifier('PATIENT', PatientID='P2'), 'DEST', PatientMove)))
                print(receiver.digests == {uid: each for uid, each in digests(arguments[1]).items() if uid.startswith(f'{ROOT}.3.')})
                association.release(), server.shutdown()
                """
            let said = try PythonPeer.run(script, port: corpus.port, ["\(corpus.destination)", corpus.folder])
            #expect(said == ["0000 2 0 0 -", "True"])
        },
        Pair("pynetdicom", "C-GET") { corpus in
            let script = """
                receiver = Receiver()
                association = associate(StudyGet, roles=[CTImageStorage], handlers=[(evt.EVT_C_STORE, receiver.store)])
                asked = identifier('STUDY', StudyInstanceUID=[f'{ROOT}.1', f'{ROOT}.2', f'{ROOT}.3'])
                print(last(association.send_c_get(asked, StudyGet)))
                print(receiver.digests == digests(arguments[0]))
                association.release()
                """
            let said = try PythonPeer.run(script, port: corpus.port, [corpus.folder])
            #expect(said == ["0000 8 0 0 -", "True"])
        },
        Pair("pynetdicom", "storage commitment") { corpus in
            let script = """
                reported = threading.Event()
                def report(event):
                    print(event.event_type, len(event.event_information.ReferencedSOPSequence))
                    reported.set()
                    return 0x0000, None
                association = associate(Commitment, handlers=[(evt.EVT_N_EVENT_REPORT, report)])
                asked = transaction('1.2.3', (CTImageStorage, f'{ROOT}.1.1.1'), (CTImageStorage, f'{ROOT}.3.1.1'))
                status, _ = association.send_n_action(asked, 1, Commitment, '1.2.840.10008.1.20.1.1')
                print(f'{status.Status:04X}')
                reported.wait(30)
                association.release()
                """
            let said = try PythonPeer.run(script, port: corpus.port)
            #expect(said.sorted() == ["0000", "1 2"])
        },
    ]

    @Test(arguments: pairs)
    func `a service and a client that asks for it understand each other`(pair: Pair) throws {
        try pair.check(ServedCorpus.current)
    }

    // MARK: -

    /// - Parameter folder: where it runs: with +B movescu writes nowhere else.
    private static func dcmtk(
        _ name: String, _ options: [String], _ corpus: ServedCorpus, _ files: [String] = [], in folder: String = "/tmp"
    ) throws -> Program {
        let command = ["/usr/bin/\(name)"] + options + ["-aec", "DICOMFS", "127.0.0.1", "\(corpus.port)"] + files
        return try Program.run(
            "sh", ["-c", "cd $0 && exec \"$@\"", folder] + command, environment: ["TCP_NODELAY": "1"])
    }

    private static func arguments(_ level: String, _ keys: [(String, String)]) -> [String] {
        (["QueryRetrieveLevel=\(level)"] + keys.map { "\($0.0)=\($0.1)" }).flatMap { ["-k", $0] }
    }

    /// findscu gets so many answers, each with a value for each key.
    private static func find(
        _ model: String, _ level: String, _ keys: [(String, String)], _ count: Int, _ corpus: ServedCorpus
    ) throws {
        let folder = try TemporaryFolder()
        let done = try dcmtk("findscu", ["-v", model, "-X", "-od", folder.path] + arguments(level, keys), corpus)
        #expect(done.status == 0)
        #expect(done.errors.contains("Received Final Find Response (Success)"), "\(done.errors)")
        let answers = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(answers.count == count, "\(done.errors)")
        for answer in answers {
            for (key, _) in keys {
                let dump = try Program.run("/usr/bin/dcmdump", ["+P", key, folder.appending(answer)])
                #expect(dump.output.contains("["), "\(key) in \(dump.output)")
            }
        }
    }

    /// movescu, to itself, or getscu gets the images of these series, byte for byte.
    private static func retrieve(
        _ name: String, _ options: [String], _ level: String, _ keys: [(String, String)], _ wanted: [String],
        _ corpus: ServedCorpus
    ) throws {
        let folder = try TemporaryFolder()
        var options = ["-v"] + options + ["+B"] + arguments(level, keys)
        if name == "movescu" { options += ["-aet", "MOVESCU", "-aem", "MOVESCU", "+P", "\(corpus.mover)"] }
        let done = try dcmtk(name, options, corpus, in: folder.path)
        #expect(done.status == 0, "\(done.errors)")
        let end = name == "movescu" ? "Received Final Move Response (Success)" : "Received C-GET Response (Success)"
        #expect(done.errors.contains(end), "\(done.errors)")
        try expectSame(folder.path, wanted, corpus)
    }

    /// A folder has the images of these series, each with the data set that was stored.
    private static func expectSame(_ folder: String, _ wanted: [String], _ corpus: ServedCorpus) throws {
        func dataSets(_ folder: String, _ isWanted: (String) -> Bool) throws -> Set<[UInt8]> {
            let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter(isWanted)
            return Set(try names.map { Array(try dataSet(ofFile: "\(folder)/\($0)")) })
        }
        let stored = try dataSets(corpus.folder) { name in wanted.contains { name.hasPrefix("\($0).") } }
        #expect(stored.isEmpty == false)
        #expect(try dataSets(folder) { _ in true } == stored)
    }

    /// The mount has files with the data sets of these.
    private static func expectStored(_ sources: [String], _ corpus: ServedCorpus) throws {
        let found = try Program.run("find", [corpus.mount, "-name", "*.dcm"])
        let stored = Set(try found.output.split(separator: "\n").map { Array(try dataSet(ofFile: String($0))) })
        for source in sources { #expect(stored.contains(Array(try dataSet(ofFile: source)))) }
    }
}
