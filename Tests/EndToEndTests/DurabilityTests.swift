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

    /// How many send at a time.
    private static let senders = 3
    /// How many images each sends a round.
    private static let share = 7

    @Test func `every acknowledged instance survives kill -9 at any moment, byte for byte`() throws {
        let folder = try TemporaryFolder()
        let images = Self.senders * Self.share
        let sources = try Study.make(
            in: folder.appending("study"), images: images * Self.rounds, size: 256, noise: true)
        let served = try ServedArchive()
        // Their digests by their UIDs.
        var acknowledged: [String: String] = [:]
        for round in 0..<Self.rounds {
            let part = Array(sources[(round * images)..<((round + 1) * images)])
            let count = images / 2 + round % 5
            // The senders kill what holds the archive while instances that they do not count are under way.
            let worker = try #require(served.worker)
            let sent = try Python.run(
                Self.sendAndKill,
                ["\(served.port)", "\(worker)", "\(count)", "\(round)", "\(Self.senders)"] + part)
            #expect(sent.status == 0, "\(sent.errors)")
            let stored = Self.pairs(sent.output)
            #expect(stored.count >= count)
            acknowledged.merge(stored) { $1 }
            served.kill()
            // The dead mount is cleared at start.
            try served.start()
            let found = try DicomFS.json([Listed].self, "list", "--archive", served.archive, "--level", "instance")
            #expect(Set(acknowledged.keys).isSubset(of: found.compactMap(\.sopInstanceUID)))
            #expect(
                found.count <= acknowledged.count + (round + 1) * Self.senders,
                "at most one more of each, committed but not answered, a round")
            let verified = try DicomFS.run("verify", "--archive", served.archive)
            #expect(verified.status == 0, "\(verified.errors)")
            // Of this round; after the last, all.
            let wanted = round == Self.rounds - 1 ? acknowledged : stored
            let digests = Self.pairs(try Python.run(Self.digests, [served.mount] + wanted.keys).output)
            #expect(digests == wanted)
        }
    }

    /// Lines of two words each.
    private static func pairs(_ text: String) -> [String: String] {
        let lines = text.split(separator: "\n").map { $0.split(separator: " ").map { String($0) } }
        return Dictionary(uniqueKeysWithValues: lines.map { ($0[0], $0[1]) })
    }

    /// Sends files over several associations, prints the UID and the SHA-256 of the data set of each that is acknowledged, and
    /// kills the daemon after some.
    private static let sendAndKill = """
        import hashlib, os, random, signal, sys, threading, time
        import pydicom
        from pynetdicom import AE
        from pynetdicom.dsutils import encode
        port, pid, count, seed, senders = (int(word) for word in sys.argv[1:6])
        paths = sys.argv[6:]
        random.seed(seed)
        lock, enough, said = threading.Lock(), threading.Event(), 0
        def send(paths):
            global said
            ae = AE(); ae.add_requested_context('1.2.840.10008.5.1.4.1.1.2', '1.2.840.10008.1.2.1')
            assoc = ae.associate('127.0.0.1', port, ae_title='DICOMFS')
            for path in paths:
                ds = pydicom.dcmread(path)
                digest = hashlib.sha256(encode(ds, False, True)).hexdigest()
                try:
                    status = assoc.send_c_store(ds)
                except Exception:
                    return
                if status.get('Status') != 0: return
                with lock:
                    print(ds.SOPInstanceUID, digest, flush=True)
                    said += 1
                    if said >= count: enough.set()
        threads = [threading.Thread(target=send, args=(paths[n::senders],)) for n in range(senders)]
        for thread in threads: thread.start()
        while not enough.wait(0.1) and any(thread.is_alive() for thread in threads): pass
        time.sleep(random.random() * 0.02)
        os.kill(pid, signal.SIGKILL)
        for thread in threads: thread.join(10)
        with lock: os._exit(0)
        """

    /// Prints the UID and the SHA-256 of the data set of instances in a tree.
    private static let digests = """
        import hashlib, os, sys
        import pydicom
        wanted = set(sys.argv[2:])
        for folder, _, names in os.walk(sys.argv[1]):
            for name in names:
                if not name.endswith('.dcm'): continue
                with open(os.path.join(folder, name), 'rb') as file: data = file.read()
                # Preamble, DICM, and the group length with its value (PS3.10 7.1).
                start = 144 + int.from_bytes(data[140:144], 'little')
                uid = pydicom.dcmread(os.path.join(folder, name), stop_before_pixels=True).SOPInstanceUID
                if uid in wanted: print(uid, hashlib.sha256(data[start:]).hexdigest())
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
