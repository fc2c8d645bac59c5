import Foundation
import Glibc
import TestSupport
import Testing

/// SIGHUP makes a `serve` that runs read peers and rights again.
@Suite(.enabled(if: Python.path != nil, "\(Python.missing)"))
struct RightsReloadTests {
    private static let settings =
        "dicom:\n  unknown-peers: [%]\npeers:\n  ct1: {ae-title: CT1, host: 192.0.2.1, may: [echo]}\n"

    /// A process that is served, and its settings file.
    private struct Subject {
        let served: ServedArchive
        let file: String

        init(options: [String] = []) throws {
            let folder = try TemporaryFolder()
            let archive = try folder.makeFolder("archive")
            file = try folder.write("archive/dicomfs.yaml", [])
            self.folder = folder
            try Data(RightsReloadTests.settings.replacing("%", with: "echo, store").utf8).write(
                to: URL(fileURLWithPath: file))
            served = try ServedArchive(archive: archive, options: options)
        }

        private let folder: TemporaryFolder

        /// Writes the file anew, sends SIGHUP, and waits until the log says how that went.
        func reload(_ text: String, awaiting sentence: String) throws {
            let before = served.log.components(separatedBy: sentence).count
            try Data(text.utf8).write(to: URL(fileURLWithPath: file))
            kill(served.pid, SIGHUP)
            for _ in 0..<1000 where served.log.components(separatedBy: sentence).count == before { usleep(10_000) }
            #expect(served.log.components(separatedBy: sentence).count > before, "\(served.log)")
        }

        func reload(unknownPeers: String) throws {
            try reload(
                RightsReloadTests.settings.replacing("%", with: unknownPeers),
                awaiting: "settings read again from \(file)")
        }

        /// How echoscu ends as an AE title: "" when all was well, else what it says.
        func echo(as title: String) throws -> String {
            let done = try Program.run(
                "/usr/bin/echoscu", ["-aet", title, "-aec", "DICOMFS", "127.0.0.1", "\(served.port)"])
            return done.status == 0 ? "" : done.errors
        }
    }

    private static let rejected = "Calling AE Title Not Recognized"

    @Test(arguments: [[], ["--no-supervisor"]])
    func `new rights hold for who calls next, and associations stay open`(options: [String]) throws {
        let subject = try Subject(options: options)
        let (pid, worker) = (subject.served.pid, subject.served.worker)
        #expect(try subject.echo(as: "ANY") == "")
        #expect(try subject.echo(as: "CT1").contains(Self.rejected))
        #expect(
            subject.served.log.contains(
                "the AE title CT1 is ct1's, whose host is 192.0.2.1, and it called from 127.0.0.1"))
        let done = try Python.run(
            """
            import os, signal, sys, time
            from pynetdicom import AE
            port, file, pid = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
            ae = AE()
            ae.add_requested_context('1.2.840.10008.1.1')
            def associate(): return ae.associate('127.0.0.1', port, ae_title='DICOMFS')
            first = associate()
            print(f'{first.send_c_echo().Status:04X}')
            text = open(file).read()
            with open(file, 'w') as out: out.write(text.replace('[echo, store]', '[]'))
            os.kill(pid, signal.SIGHUP)
            for _ in range(1000):
                second = associate()
                if second.is_rejected: break
                second.release()
                time.sleep(0.01)
            answer = second.acceptor.primitive
            print(answer.result, answer.result_source, answer.diagnostic)
            print(first.is_established, 'Status' in first.send_c_echo())
            first.release()
            """, ["\(subject.served.port)", subject.file, "\(pid)"])
        #expect(done.errors == "")
        // Rejected permanent, by the service user, calling AE title not recognized (PS3.8 9.3.4).
        #expect(done.output == "0000\n1 1 3\nTrue True\n")
        #expect(subject.served.pid == pid && subject.served.worker == worker)
        #expect(subject.served.isRunning)
        #expect(subject.served.log.contains("1 peers; unknown peers may do: nothing"))
        try subject.reload(unknownPeers: "echo")
        #expect(try subject.echo(as: "ANY") == "")
        #expect(subject.served.stop() == 0)
    }

    @Test(arguments: [[], ["--no-supervisor"]])
    func `a file that is wrong is a line of log, and the rights stay as they were`(options: [String]) throws {
        let subject = try Subject(options: options)
        try subject.reload(unknownPeers: "")
        try subject.reload(
            "dicom:\n  unknown-peers: [all]\n",
            awaiting: "\(subject.file):2: dicom.unknown-peers takes some of echo, store")
        #expect(subject.served.log.contains("; peers and rights stay as they were"))
        #expect(try subject.echo(as: "ANY").contains(Self.rejected))
        #expect(subject.served.stop() == 0)
    }

    @Test func `a worker that takes over has the rights that were read last, whatever the file says by then`() throws {
        let subject = try Subject()
        try subject.reload(unknownPeers: "")
        try Data("dicom:\n  unknown-peers: [all]\n".utf8).write(to: URL(fileURLWithPath: subject.file))
        let worker = try #require(subject.served.worker)
        kill(worker, SIGKILL)
        for _ in 0..<1000 where subject.served.worker == nil || subject.served.worker == worker { usleep(10_000) }
        #expect(try subject.echo(as: "ANY").contains(Self.rejected))
        #expect(try subject.served.files() == [])
        #expect(subject.served.stop() == 0)
    }

    @Test func `what only a restart changes is said`() throws {
        let subject = try Subject()
        try subject.reload(
            "dicom:\n  ae-title: NEW\nlimits:\n  associations: 5\n",
            awaiting:
                "only a restart of serve changes dicom.ae-title to NEW (\(subject.file):2), limits.associations to 5")
        #expect(try subject.echo(as: "CT1") == "")
    }
}
