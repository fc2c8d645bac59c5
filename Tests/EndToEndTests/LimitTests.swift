import Foundation
import Glibc
import TestSupport
import Testing

/// What `serve` takes at most, as its options say.
@Suite(.enabled(if: Python.path != nil, "\(Python.missing)"))
struct LimitTests {
    /// What a test's script may use: an association of its own to the daemon, and images.
    private static let script = """
        import os, sys, time, traceback
        from pydicom.dataset import Dataset, FileMetaDataset
        from pynetdicom import AE
        from pynetdicom.sop_class import CTImageStorage, Verification
        # An association that is left open would keep the process.
        sys.excepthook = lambda *error: (traceback.print_exception(*error), os._exit(1))
        port = int(sys.argv[1])
        def associate():
            ae = AE()
            ae.add_requested_context(CTImageStorage, '1.2.840.10008.1.2.1')
            ae.add_requested_context(Verification)
            return ae.associate('127.0.0.1', port, ae_title='DICOMFS')
        def image(number, pixels=128, header=0):
            ds = Dataset()
            ds.file_meta = FileMetaDataset()
            ds.file_meta.TransferSyntaxUID = '1.2.840.10008.1.2.1'
            ds.SOPClassUID, ds.SOPInstanceUID = CTImageStorage, f'1.2.3.{number}'
            ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.PatientID = '1.2.3', '1.2.3.0', 'P'
            for part in range(0, header, 60000): ds.add_new((0x0019, 0x1000 + part // 60000), 'OB', bytes(60000))
            ds.add_new((0x7FE0, 0x0010), 'OW', bytes(pixels))
            return ds
        def store(association, *arguments, **more):
            status = association.send_c_store(image(*arguments, **more))
            return f'{status.Status:04X} {status.get("ErrorComment", "")}'.strip()

        """

    private func run(_ served: ServedArchive, _ script: String) throws -> [String] {
        let done = try Python.run(Self.script + script, ["\(served.port)"])
        #expect(done.status == 0, "\(done.errors)")
        return done.output.split(separator: "\n").map { String($0) }
    }

    @Test func `more associations than allowed are rejected with local limit exceeded, and may come later`() throws {
        let served = try ServedArchive(options: ["--max-associations", "2"])
        let said = try run(
            served,
            """
            first, second, third = associate(), associate(), associate()
            print(first.is_established, second.is_established, third.is_established)
            answer = third.acceptor.primitive
            print(answer.result, answer.result_source, answer.diagnostic)
            first.release()
            while not (again := associate()).is_established: time.sleep(0.01)
            print(store(again, 1))
            again.release(); second.release()
            """)
        // Rejected transient, by the presentation service provider, local limit exceeded (PS3.8 9.3.4).
        #expect(said == ["True True False", "2 3 2", "0000"])
        #expect(served.log.contains("rejected: 2 associations are open"))
    }

    @Test func `an instance above the limit is refused with A700, and the association goes on`() throws {
        let served = try ServedArchive(options: ["--max-instance-size", "64K"])
        let said = try run(
            served,
            """
            association = associate()
            print(store(association, 1, 200000))
            print(store(association, 2, 60000))
            print(f'{association.send_c_echo().Status:04X}')
            association.release()
            """)
        #expect(said == ["A700 longer than the 65536 bytes that an instance may have", "0000", "0000"])
        #expect(try served.files(".dcm").count == 1)
        #expect(served.log.contains("not stored: 1.2.3.1 from "))
        #expect(try DicomFS.run("verify", "--archive", served.archive).status == 0)
    }

    @Test func `a header that finds no memory is refused with A700, and one that does is stored`() throws {
        let served = try ServedArchive(options: ["--header-memory", "1M"])
        let said = try run(
            served,
            """
            association = associate()
            print(store(association, 1, header=1500000)[:4])
            print(store(association, 2, header=900000))
            print(store(association, 3, header=900000))
            association.release()
            """)
        #expect(said == ["A700", "0000", "0000"])
        #expect(served.log.contains("the headers of all instances under way take the 1 MiB that are left to them"))
    }

    @Test func `headers of 32 peers at once take the memory that they may, and no more`() throws {
        let served = try ServedArchive()
        let said = try run(
            served,
            """
            import threading
            associations = [associate() for _ in range(32)]
            statuses = [None] * 32
            def send(number): statuses[number] = store(associations[number], number, header=15_000_000)[:4]
            threads = [threading.Thread(target=send, args=(number,)) for number in range(32)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            print(*sorted(set(statuses)))
            print(store(associations[0], 99))
            for association in associations: association.release()
            """)
        // 480 MB of headers: some find memory, the others are told to come again.
        #expect(said == ["0000 A700", "0000"])
        // 128 MiB of headers, 32 MiB of each of three caches, and what the process is.
        let process = served.worker ?? 0
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        let peak = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }?.split(separator: " ").dropFirst()
            .first
        #expect(try #require(peak.flatMap { Int($0) }) < 400 << 10)
        #expect(try DicomFS.run("verify", "--archive", served.archive).status == 0)
    }

    @Test func `a peer that says nothing, or never ends, is ended`() throws {
        let idle = try ServedArchive(options: ["--idle-timeout", "1"])
        let silent = try run(
            idle,
            """
            association = associate()
            while association.is_established: time.sleep(0.01)
            print(association.is_aborted)
            """)
        #expect(silent == ["True"])
        #expect(idle.log.contains("association PYNETDICOM@127.0.0.1"))

        let short = try ServedArchive(options: ["--association-timeout", "1"])
        let busy = try run(
            short,
            """
            association = associate()
            echoes = 0
            while association.is_established:
                try: association.send_c_echo()
                except (RuntimeError, ValueError): break
                echoes += 1
                time.sleep(0.01)
            while association.is_established: time.sleep(0.01)
            print(echoes > 1, association.is_aborted)
            print(associate().is_established)
            """)
        #expect(busy == ["True True", "True"])
        #expect(short.log.contains("it lasted more than the 1 seconds that it may"))
        #expect(try short.answersEcho())
    }

    @Test func `nothing is stored into the space that is to be left free, and all is read`() throws {
        let served = try ServedArchive()
        #expect(
            try run(served, "association = associate()\nprint(store(association, 1))\nassociation.release()") == [
                "0000"
            ])
        served.stop()
        try served.start(["--disk-reserve", "1000T"])
        let said = try run(served, "association = associate()\nprint(store(association, 2)[:4])\nassociation.release()")
        #expect(said == ["A700"])
        #expect(served.log.contains("MiB are left to care for what is stored"))
        #expect(try served.files(".dcm").count == 1)
    }

    @Test func `an association for which there is no thread is closed, and those that come later are served`() throws {
        let served = try ServedArchive()
        let process = try #require(served.worker)
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        let size = status.split(separator: "\n").first { $0.hasPrefix("VmSize:") }?.split(separator: " ").dropFirst()
            .first
        // Room for what associations read into, and not for the stack of another thread.
        let limit = try #require(size.flatMap { Int($0) }) << 10 + 6 << 20
        #expect(try Program.run("prlimit", ["--pid", "\(process)", "--as=\(limit):"]).status == 0)
        // Stacks of threads that have ended are used again.
        var held: [Int32] = []
        defer { held.forEach { close($0) } }
        while held.count < 12, !served.log.contains("no thread can be had") {
            held.append(try #require(LocalPort.connect(served.port)))
            usleep(100_000)
        }
        #expect(served.says("no association: no thread can be had for it"))
        #expect(try Program.run("prlimit", ["--pid", "\(process)", "--as=unlimited:"]).status == 0)
        #expect(try served.answersEcho())
    }

    @Test func `a limit of open files that is too low is said at the start`() throws {
        let folder = try TemporaryFolder()
        let archive = folder.appending("archive")
        let done = try Program.run(
            "sh", ["-c", "ulimit -n 300; exec \(DicomFS.path) serve --archive \(archive) --dicom-port 0"])
        #expect(done.status == 1)
        #expect(
            done.errors
                == "dicomfs: 512 database files, 256 with the bytes of images and 32 associations need 928 open files,"
                + " and the limit is 300: raise it (ulimit -Hn, LimitNOFILE=), or lower --max-open-files\n")
        #expect(FileManager.default.fileExists(atPath: archive) == false)
    }

    @Test(arguments: [
        ["--max-associations", "0"], ["--idle-timeout", "0"], ["--association-timeout", "0"],
        ["--max-open-files", "10"], ["--header-memory", "10K"], ["--disk-reserve", "5X"],
        ["--max-instance-size", "-1"],
    ])
    func `a limit that makes no sense is wrong usage`(options: [String]) throws {
        let folder = try TemporaryFolder()
        let archive = folder.appending("archive")
        let done = try Program.run(DicomFS.path, ["serve", "--archive", archive, "--dicom-port", "0"] + options)
        #expect(done.status == 64, "\(done.errors)")
        #expect(done.errors.contains(options[0].dropFirst(2)), "\(done.errors)")
        #expect(FileManager.default.fileExists(atPath: archive) == false)
    }
}
