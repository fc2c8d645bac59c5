import Foundation
import TestSupport
import Testing

/// Who may do what: every service, asked for by everyone.
@Suite(.enabled(if: Python.path != nil, "\(Python.missing)"))
struct RightsTests {
    /// A service, as the settings call it.
    static let services = ["echo", "store", "find", "move", "get", "commit"]

    /// Who asks.
    enum Caller: String, CaseIterable, Sendable {
        /// A peer with this right and no other, by its numeric address.
        case withRight = "ONLY"
        /// The same, by a DNS name.
        case withRightByName = "NAMED"
        /// A peer with all rights but this one.
        case without = "BUT"
        /// Nobody that the settings know.
        case unknown = "STRANGER"
        /// A peer with all rights whose host is another.
        case elsewhere = "ELSEWHERE"

        /// The documented answer.
        func answer(to service: String) -> String {
            switch self {
            case .withRight, .withRightByName: "accepted 0000"
            // The presentation context is rejected by the user (PS3.8 9.3.3.2).
            case .without: "rejected contexts 1"
            case .unknown: ["echo", "store"].contains(service) ? "accepted 0000" : "rejected contexts 1"
            // Permanent, by the user: calling AE title not recognized (PS3.8 9.3.4).
            case .elsewhere: "rejected 1 1 3"
            }
        }
    }

    /// The settings, with a destination at a port.
    private static func settings(_ destination: Int, _ more: String = "", unknown: String? = nil) -> String {
        var lines = ["peers:", "  destination: {ae-title: DEST, host: 127.0.0.1, port: \(destination)}"]
        for service in services {
            let title = service.uppercased()
            let others = services.filter { $0 != service }.joined(separator: ", ")
            lines += [
                "  only-\(service): {ae-title: ONLY-\(title), host: 127.0.0.1, may: [\(service)]}",
                "  named-\(service): {ae-title: NAMED-\(title), host: localhost, may: [\(service)]}",
                "  but-\(service): {ae-title: BUT-\(title), host: 127.0.0.1, may: [\(others)]}",
                "  elsewhere-\(service): {ae-title: ELSEWHERE-\(title), host: 192.0.2.1, may: [\(service)]}",
            ]
        }
        if !more.isEmpty || unknown != nil { lines.append("dicom:") }
        if let unknown { lines.append("  unknown-peers: \(unknown)") }
        if !more.isEmpty { lines.append("  \(more)") }
        return lines.joined(separator: "\n") + "\n"
    }

    /// What a script asks for: `ask(service, title)` is the answer.
    private static let definitions = """
        receiver = Receiver()
        image = pydicom.dcmread(arguments[1])
        classes = dict(
            echo=Verification, store=CTImageStorage, find=StudyFind, move=StudyMove, get=StudyGet, commit=Commitment)
        def perform(association, service):
            asked = identifier('STUDY', StudyInstanceUID=image.StudyInstanceUID)
            if service == 'echo': return f'{association.send_c_echo().Status:04X}'
            if service == 'store': return f'{association.send_c_store(image).Status:04X}'
            if service == 'find': return f'{list(association.send_c_find(asked, StudyFind))[-1][0].Status:04X}'
            if service == 'move': return last(association.send_c_move(asked, 'DEST', StudyMove))[:4]
            if service == 'get': return last(association.send_c_get(asked, StudyGet))[:4]
            asked = transaction('1.2.3', (CTImageStorage, image.SOPInstanceUID))
            return f'{association.send_n_action(asked, 1, Commitment, "1.2.840.10008.1.20.1.1")[0].Status:04X}'
        def propose(service, title, called='DICOMFS'):
            roles = [CTImageStorage] if service == 'get' else []
            report = (evt.EVT_N_EVENT_REPORT, lambda event: (0x0000, None))
            return associate(classes[service], title=title, called=called, roles=roles,
                handlers=[(evt.EVT_C_STORE, receiver.store), report])
        def ask(service, title, called='DICOMFS'):
            association = propose(service, title, called)
            if association.is_established:
                answer = f'accepted {perform(association, service)}'
                association.release()
                return answer
            if association.is_rejected:
                answer = association.acceptor.primitive
                return f'rejected {answer.result} {answer.result_source} {answer.diagnostic}'
            return f"rejected contexts {' '.join(sorted({str(each.result) for each in association.rejected_contexts}))}"

        """

    /// A daemon with one image; its path.
    private static func serve(_ settings: String) throws -> (ServedArchive, image: String) {
        let served = try ServedArchive(settings: settings)
        let image = try Study.make(in: served.folder.appending("study"), images: 1, size: 16)[0]
        let imported = try DicomFS.run("import", "--archive", served.archive, image)
        #expect(imported.status == 0, "\(imported.errors)")
        return (served, image)
    }

    /// The answers by service and caller: asked for once.
    private static let answers = Result<[String: String], any Error> {
        let destination = LocalPort.free()
        let (served, image) = try serve(settings(destination))
        let script = """
            server = receiver.listen(int(arguments[0]))
            for service in classes:
                for caller in arguments[2:]:
                    print(service, caller, ask(service, caller if caller == 'STRANGER' else f'{caller}-{service.upper()}'))
            server.shutdown()
            """
        let lines = try PythonPeer.run(
            definitions + script, served, ["\(destination)", image] + Caller.allCases.map(\.rawValue))
        let pairs = lines.map { line in
            let words = line.split(separator: " ", maxSplits: 2).map { String($0) }
            return ("\(words[0]) \(words[1])", words[2])
        }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    @Test(arguments: services, Caller.allCases)
    func `a service answers a caller as the settings say`(service: String, caller: Caller) throws {
        let answers = try Self.answers.get()
        #expect(answers["\(service) \(caller.rawValue)"] == caller.answer(to: service))
    }

    @Test func `who is rejected is one line of the log, with the reason`() throws {
        let (served, image) = try Self.serve(Self.settings(1, "check-called-ae-title: true", unknown: "[]"))
        let script = """
            print(ask('echo', 'ELSEWHERE-ECHO'))
            print(ask('echo', 'STRANGER'))
            print(ask('echo', 'ONLY-ECHO', called='OTHER'))
            print(ask('echo', 'ONLY-ECHO'))
            """
        let said = try PythonPeer.run(Self.definitions + script, served, ["1", image])
        #expect(said == ["rejected 1 1 3", "rejected 1 1 3", "rejected 1 1 7", "accepted 0000"])
        #expect(served.says("association ONLY-ECHO@127.0.0.1: 0 stored, 0 refused, 0 bytes"))
        let why = [
            "association ELSEWHERE-ECHO@127.0.0.1":
                "elsewhere-echo's, whose host is 192.0.2.1, and it called from 127.0.0.1",
            "association STRANGER@127.0.0.1": "no peer has the AE title STRANGER, and unknown peers may do nothing",
            "rejected: it called us": "OTHER, and we are DICOMFS",
        ]
        for (beginning, reason) in why {
            let lines = served.logLines(beginning)
            #expect(lines.count == 1)
            #expect(lines.first?.contains(reason) == true, "\(lines)")
        }
    }

    @Test func `unknown peers may do what the settings say, and nothing else`() throws {
        let (served, image) = try Self.serve(Self.settings(1, unknown: "[find]"))
        let script = "for service in classes: print(service, ask(service, 'STRANGER'))"
        let said = try PythonPeer.run(Self.definitions + script, served, ["1", image])
        #expect(said == Self.services.map { $0 == "find" ? "find accepted 0000" : "\($0) rejected contexts 1" })
    }

    @Test func `rights that are taken away with SIGHUP are gone for associations that are open, and come back`() throws
    {
        let destination = LocalPort.free()
        let (served, image) = try Self.serve(
            Self.settings(destination, unknown: "[echo, store, find, move, get, commit]"))
        let script = """
            server = receiver.listen(int(arguments[0]))
            pid, folder = int(arguments[2]), arguments[3]
            def change(before, after):
                with open(f'{folder}/settings.yaml') as file: settings = file.read()
                with open(f'{folder}/settings.yaml', 'w') as file: file.write(settings.replace(before, after))
                def told(): return open(f'{folder}/log').read().count('settings read again')
                times = told()
                os.kill(pid, 1)
                while told() == times: time.sleep(0.01)
            associations = {service: propose(service, 'STRANGER') for service in classes}
            def all(): print(*(perform(associations[service], service) for service in classes))
            all()
            change('[echo, store, find, move, get, commit]', '[]')
            all()
            change('unknown-peers: []', 'unknown-peers: [echo, store, find, move, get, commit]')
            all()
            for association in associations.values(): association.release()
            server.shutdown()
            """
        let said = try PythonPeer.run(
            Self.definitions + script, served, ["\(destination)", image, "\(served.pid)", served.folder.path])
        #expect(
            said == ["0000 0000 0000 0000 0000 0000", "0124 0124 0124 0124 0124 0124", "0000 0000 0000 0000 0000 0000"])
    }
}
