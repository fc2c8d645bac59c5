import DICOM
import Foundation
import TestSupport
import Testing

/// The query table, asked over the network by pynetdicom, of dicomfs and of two other servers that have the same instances.
@Suite(
    .enabled(if: Python.path != nil, "\(Python.missing)"),
    .enabled(if: OrthancServer.isInstalled, "Orthanc is not installed"))
struct QueryServerTests {
    /// A server, and the cases that it answers otherwise than the table says: why.
    struct Server: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let aeTitle: String
        let differs: [String: String]
        /// Starts it with the instances of a folder; its port, and what keeps it.
        let start: @Sendable (_ folder: String) throws -> (port: Int, process: AnyObject)

        static let all: [Server] = [
            Server(testDescription: "dicomfs", aeTitle: "DICOMFS", differs: [:]) { folder in
                let served = try ServedArchive(settings: "dicom: {unknown-peers: [echo, store, find]}\n")
                let sent = try served.storescu([folder])
                guard sent.status == 0 else { throw UnexpectedExit(program: sent) }
                return (served.port, served)
            },
            Server(testDescription: "dcmqrscp", aeTitle: DcmQRSCP.aeTitle, differs: dcmqrscp) { folder in
                let server = try DcmQRSCP()
                try storescu(folder, to: DcmQRSCP.aeTitle, server.port)
                return (server.port, server)
            },
            Server(testDescription: "Orthanc", aeTitle: OrthancServer.aeTitle, differs: orthanc) { folder in
                let server = try OrthancServer()
                try storescu(folder, to: OrthancServer.aeTitle, server.port)
                return (server.port, server)
            },
        ]
    }

    /// A case's answers as the script prints them.
    private struct Answer: Decodable {
        /// Four hexadecimal digits.
        var status: String
        /// The values of the unique key.
        var found: [String]
    }

    @Test(arguments: Server.all)
    func `a server finds what the table says, but for the cases that are known to differ`(server: Server) throws {
        let folder = try TemporaryFolder()
        let sources = try folder.makeFolder("sources")
        for (number, instance) in QueryCorpus.instances.enumerated() {
            _ = try folder.write("sources/\(number).dcm", try #require(Self.file(instance)))
        }
        let (port, process) = try server.start(sources)
        let cases = try folder.write("cases", Array(QueryCase.table.map(Self.line).joined(separator: "\n").utf8))
        let said = try withExtendedLifetime(process) {
            try PythonPeer.run(Self.script, port: port, [server.aeTitle, cases])
        }
        let answers = try said.map { try JSONDecoder().decode(Answer.self, from: Data($0.utf8)) }
        try #require(answers.count == QueryCase.table.count)
        for (one, answer) in zip(QueryCase.table, answers) {
            let agrees = answer.status == "0000" && answer.found.sorted() == one.expected.sorted()
            let difference = server.differs[one.name]
            #expect(
                agrees == (difference == nil),
                "\(one.name): \(answer.status) \(answer.found.sorted()); \(difference ?? "expected") \(one.expected.sorted())"
            )
        }
        #expect(Set(server.differs.keys).isSubset(of: QueryCase.table.map(\.name)))
    }

    /// The Part 10 file of an instance.
    private static func file(_ instance: QueryInstance) -> [UInt8]? {
        Part10Head.generated(
            format: Part10Head.currentFormat, sopClassUID: instance.sopClassUID, sopInstanceUID: instance.instance,
            transferSyntaxUID: instance.syntax
        ).map { $0 + instance.dataSet }
    }

    /// A case as the script reads it: what it is asked of, whether date and time are one range, the identifier in hexadecimal.
    private static func line(_ one: QueryCase) -> String {
        let identifier = one.identifier().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        // Below the patient's level the study root, since a server may insist on the patient's unique key in the other.
        return
            "\(one.level == "PATIENT" ? "patient" : "study") \(one.isDateTimeCombined) \(one.uniqueKey.rawValue) \(identifier)"
    }

    /// The identifiers go out as they are: pynetdicom writes no data set of its own.
    private static let script = """
        import json
        import pynetdicom.association
        from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation
        pynetdicom.association.encode = lambda dataset, *how: dataset.whole
        def extended(model):
            item = SOPClassExtendedNegotiation()
            # Relational queries: no. Date and time as one range: yes.
            item.sop_class_uid, item.service_class_application_information = model, b'\\0\\1'
            return item
        def connect(combined):
            ae = AE('PYTHON')
            ae.acse_timeout = ae.dimse_timeout = 60
            ae.network_timeout = None
            for each in (PatientFind, StudyFind): ae.add_requested_context(each, EXPLICIT)
            items = [extended(each) for each in (PatientFind, StudyFind)] if combined else []
            return ae.associate('127.0.0.1', port, ae_title=arguments[0], ext_neg=items)
        associations = {'false': connect(False), 'true': connect(True)}
        for line in open(arguments[1]):
            root, combined, key, whole = line.split()
            asked = Dataset()
            asked.whole = bytes.fromhex(whole)
            model = dict(patient=PatientFind, study=StudyFind)[root]
            found = []
            for status, answer in associations[combined].send_c_find(asked, model):
                if answer is None: continue
                value = answer[int(key)].value if int(key) in answer else '-'
                found.append(str(value or '').rstrip('\\0 '))
            print(json.dumps(dict(status=f'{status.get("Status", 0xFFFF):04X}', found=found)))
        for each in associations.values(): each.release()
        """
}

/// dcmtk's storescu with a folder; who takes not all of it is no server for the test.
private func storescu(_ folder: String, to aeTitle: String, _ port: Int) throws {
    let sent = try Program.run(
        "/usr/bin/storescu", ["-aec", aeTitle, "127.0.0.1", "\(port)", "+sd", folder],
        environment: ["TCP_NODELAY": "1"])
    guard sent.status == 0 else { throw UnexpectedExit(program: sent) }
}
