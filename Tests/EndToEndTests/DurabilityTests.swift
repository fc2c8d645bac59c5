import Foundation
import Glibc
import TestSupport
import Testing

/// What was acknowledged is there, whatever happens afterwards.
@Suite(.enabled(if: Python.path != nil, "\(Python.missing)"))
struct DurabilityTests {
    /// How often the daemon is killed: `tools/crash-loop` asks for more.
    private static let rounds =
        ProcessInfo.processInfo.environment["DICOMFS_TEST_CRASHES"].flatMap { Int($0) } ?? 4

    @Test func `every acknowledged instance survives kill -9 at any moment`() throws {
        let folder = try TemporaryFolder()
        let sources = try Study.make(in: folder.appending("study"), images: 15 * Self.rounds, size: 256, noise: true)
        let served = try ServedArchive()
        var acknowledged: Set<String> = []
        for round in 0..<Self.rounds {
            let part = Array(sources[(round * 15)..<(round * 15 + 15)])
            // The sender kills what holds the archive while an instance that it does not count is under way.
            let worker = try #require(served.worker)
            let sent = try Python.run(
                Self.sendAndKill, ["\(served.port)", "\(worker)", "\(7 + round % 4)", "\(round)"] + part)
            #expect(sent.status == 0, "\(sent.errors)")
            let stored = sent.output.split(separator: "\n").map { String($0) }
            #expect(stored.count >= 7 + round % 4)
            acknowledged.formUnion(stored)
            served.kill()
            // The dead mount is cleared at start.
            try served.start()
            let found = try DicomFS.json([Listed].self, "list", "--archive", served.archive, "--level", "instance")
            #expect(acknowledged.isSubset(of: found.compactMap(\.sopInstanceUID)))
            #expect(
                found.count <= acknowledged.count + round + 1, "at most one more, committed but not answered, a round")
        }
        let verified = try DicomFS.run("verify", "--archive", served.archive)
        #expect(verified.status == 0, "\(verified.errors)")
        let summed = try Program.run(
            "sh", ["-c", "find \(served.mount) -name '*.dcm' -exec tail -c 131072 {} + | wc -c"])
        #expect(summed.status == 0)
    }

    /// Sends files over one association, prints the UID of each that is acknowledged, and kills the daemon after some.
    private static let sendAndKill = """
        import os, signal, sys, threading, time, random
        import pydicom
        from pynetdicom import AE
        port, pid, count, seed = (int(word) for word in sys.argv[1:5])
        ae = AE(); ae.add_requested_context('1.2.840.10008.5.1.4.1.1.2', '1.2.840.10008.1.2.1')
        assoc = ae.associate('127.0.0.1', port, ae_title='DICOMFS')
        random.seed(seed)
        def kill():
            time.sleep(random.random() * 0.01)
            os.kill(pid, signal.SIGKILL)
        for number, path in enumerate(sys.argv[5:]):
            ds = pydicom.dcmread(path)
            if number == count: threading.Thread(target=kill).start()
            try:
                status = assoc.send_c_store(ds)
            except Exception:
                break
            if status.get('Status') != 0: break
            print(ds.SOPInstanceUID, flush=True)
        os._exit(0)
        """

    @Test(.enabled(if: geteuid() == 0, "needs root, to mount a small tmpfs and fill it"))
    func `a full disk refuses with A700, nothing is half stored, the daemon reads on and stores again`() throws {
        let folder = try TemporaryFolder()
        let disk = try folder.makeFolder("disk")
        let mounted = try Program.run("mount", ["-t", "tmpfs", "-o", "size=192m", "tmpfs", disk])
        try #require(mounted.status == 0, "\(mounted.errors)")
        defer { _ = try? Program.run("umount", ["-l", disk]) }
        let sources = try Study.make(in: folder.appending("study"), images: 400, size: 512, noise: true)

        let served = try ServedArchive(archive: disk + "/archive")
        defer { served.stop() }
        let sent = try served.storescu([folder.appending("study")])
        #expect(sent.errors.contains("Refused: OutOfResources"), "\(sent.errors.suffix(300))")
        #expect(served.isRunning)
        let stored = try served.files(".dcm")
        #expect(stored.count > 20 && stored.count < sources.count)
        for file in stored { #expect(try served.read(file).count > 524_288) }
        #expect(try DicomFS.run("verify", "--archive", served.archive).status == 0)
        #expect(served.log.contains("not stored: "))
        let imported = try DicomFS.run("import", "--archive", served.archive, folder.appending("study"))
        #expect(imported.status == 1)
        #expect(imported.output.contains("refused 0"), "the counts are the last line all the same")
        #expect(imported.errors.contains("make room, or delete images and run dicomfs gc"))
        #expect(try served.answersEcho())

        // Room again: it stores again, without a restart. The import may have found some that a flush had made meanwhile.
        let before = try DicomFS.json([Listed].self, "list", "--archive", served.archive, "--level", "instance")
        let numbers = Set(before.compactMap { $0.sopInstanceUID?.split(separator: ".").last.flatMap { Int($0) } })
        let number = try #require((1...sources.count).first { !numbers.contains($0) })
        let unsent = sources[number - 1]
        #expect(try Program.run("mount", ["-o", "remount,size=600m", disk]).status == 0)
        #expect(try served.storescu([unsent]).status == 0)
        #expect(try served.files(".dcm").count == before.count + 1)
    }
}
