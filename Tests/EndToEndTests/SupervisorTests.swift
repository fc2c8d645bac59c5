import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing
import Threads

/// A mount outlives the process that answers it.
@Suite(.serialized)
struct SupervisorTests {
    /// Clients that look at files without pause until they are told to stop.
    private final class Clients: Sendable {
        let problems = Mutex<[String]>([])
        let checks = Atomic(0)
        let longest = Atomic<Int64>(0)
        private let isStopped = Atomic(false)
        private let ended: [Gate]

        /// - Parameter actions: each is done again and again on a thread of its own; what it throws is a problem.
        init(_ actions: [@Sendable (Int) throws -> Void]) {
            ended = actions.map { _ in Gate() }
            for (action, gate) in zip(actions, ended) {
                Thread.start { [self] in
                    var round = 0
                    while !isStopped.load(ordering: .acquiring) {
                        let begin = ContinuousClock.now
                        do { try action(round) } catch { problems.withLock { $0.append("\(error)") } }
                        let time = Int64(begin.duration(to: .now) / .microseconds(1))
                        longest.max(time, ordering: .relaxed)
                        checks.add(1, ordering: .relaxed)
                        round += 1
                    }
                    gate.open()
                }
            }
        }

        /// Waits until all have ended; how many did not within a minute.
        func stop() -> Int {
            isStopped.store(true, ordering: .releasing)
            return ended.count { !$0.wait(milliseconds: 60_000) }
        }
    }

    private struct Wrong: Error { let what: String }

    /// Ends the worker again and again while four clients read, list, map and look up.
    private func endWorkers(_ signal: Int32, times: Int) throws {
        let served = try ServedArchive()
        let folder = try TemporaryFolder()
        _ = try served.storescu([
            try Study.make(in: folder.appending("study"), images: 20, size: 256, noise: true)[0],
            folder.appending("study"),
        ])
        let paths = try served.files().map { "\(served.mount)/\($0)" }
        let contents = try paths.map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
        let series = URL(fileURLWithPath: try #require(paths.first)).deletingLastPathComponent().path
        let names = try FileManager.default.contentsOfDirectory(atPath: series).sorted()
        #expect(paths.count == 40)
        // What the kernel has cached is not asked for again: so each round forgets it.
        @Sendable func drop(_ descriptor: Int32) { posix_fadvise(descriptor, 0, 0, Int32(POSIX_FADV_DONTNEED)) }
        let clients = Clients([
            { round in
                let file = open(paths[round % 40], O_RDONLY)
                guard file >= 0 else { throw Wrong(what: "open: \(String(cString: strerror(errno)))") }
                defer { close(file) }
                drop(file)
                var bytes = Data(count: contents[round % 40].count + 1)
                let count = bytes.withUnsafeMutableBytes { pread(file, $0.baseAddress, $0.count, 0) }
                guard count >= 0 else { throw Wrong(what: "read: \(String(cString: strerror(errno)))") }
                guard bytes.prefix(count) == contents[round % 40] else { throw Wrong(what: "other bytes") }
            },
            { _ in
                guard try FileManager.default.contentsOfDirectory(atPath: series).sorted() == names else {
                    throw Wrong(what: "another listing")
                }
            },
            { round in
                let place = round * 7 % 40
                let file = open(paths[place], O_RDONLY)
                guard file >= 0 else { throw Wrong(what: "open to map: \(String(cString: strerror(errno)))") }
                defer { close(file) }
                drop(file)
                let length = contents[place].count
                guard let map = mmap(nil, length, PROT_READ, MAP_PRIVATE, file, 0), map != MAP_FAILED else {
                    throw Wrong(what: "mmap")
                }
                defer { munmap(map, length) }
                guard contents[place].elementsEqual(UnsafeRawBufferPointer(start: map, count: length)) else {
                    throw Wrong(what: "other bytes mapped")
                }
            },
            { _ in
                // A missing name is asked for each time.
                guard access("\(series)/missing", F_OK) != 0, errno == ENOENT else { throw Wrong(what: "look-up") }
            },
        ])
        for _ in 0..<times {
            let worker = try #require(served.worker)
            usleep(UInt32.random(in: 0..<40_000))
            kill(worker, signal)
            for _ in 0..<1000 where served.worker == nil || served.worker == worker { usleep(10_000) }
        }
        #expect(clients.stop() == 0)
        #expect(clients.problems.withLock { $0 } == [])
        #expect(served.isRunning)
        #expect(try served.answersEcho())
        let (checks, longest) = (clients.checks.load(ordering: .acquiring), clients.longest.load(ordering: .acquiring))
        print("\(times) workers ended by signal \(signal): \(checks) checked operations, the longest \(longest) us")
    }

    /// How often: DICOMFS_TEST_WORKERS=100 in the environment makes it 100 and 40.
    private static let times = ProcessInfo.processInfo.environment["DICOMFS_TEST_WORKERS"].flatMap { Int($0) } ?? 10

    @Test func `killed workers are a pause for those who read, list, map and look up`() throws {
        try endWorkers(SIGKILL, times: Self.times)
    }

    @Test func `workers that are told to end are a pause for those who read, list, map and look up`() throws {
        try endWorkers(SIGTERM, times: Self.times * 2 / 5)
    }

    @Test func `who connects while the worker restarts is served by the next one`() throws {
        let served = try ServedArchive()
        let folder = try TemporaryFolder()
        let files = try Study.make(in: folder.appending("study"), images: 4)
        for file in files {
            let worker = try #require(served.worker)
            kill(worker, SIGKILL)
            let sent = try served.storescu([file])
            #expect(sent.status == 0, "\(sent.errors)")
        }
        #expect(try served.files(".dcm").count == 4)
        // Commands come through the worker's control socket.
        kill(try #require(served.worker), SIGKILL)
        let listed = try DicomFS.json([Listed].self, "list", "--archive", served.archive, "--level", "instance")
        #expect(listed.count == 4)
    }

    @Test(arguments: [SIGKILL, SIGTERM])
    func `what the next worker stores or deletes is seen at once by those who looked before`(signal: Int32) throws {
        let served = try ServedArchive()
        let folder = try TemporaryFolder()
        let files = try Study.make(in: folder.appending("study"), images: 3)
        _ = try served.storescu([files[0]])
        func find() throws -> Int {
            try Program.run("find", [served.mount, "\(served.mount)/.views", "-name", "*.dcm"]).output.split(
                separator: "\n"
            ).count
        }
        // In the tree and in four views.
        #expect(try find() == 5)
        kill(try #require(served.worker), signal)
        _ = try served.storescu([files[1]])
        #expect(try find() == 10)
        kill(try #require(served.worker), signal)
        _ = try served.storescu([files[2]])
        let id = try #require(try served.files(".dcm").last).split(separator: "_").last?.dropLast(4) ?? ""
        #expect(try DicomFS.run("delete", "--archive", served.archive, "\(id)").status == 0)
        #expect(try find() == 10)
    }

    @Test func `a first worker that is told to end before it serves is replaced, and serve is ready`() throws {
        for _ in 0..<20 {
            let folder = try TemporaryFolder()
            let mount = try folder.makeFolder("mnt")
            let null = open("/dev/null", O_RDWR | O_CLOEXEC)
            let output = open(folder.appending("out"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
            defer { for file in [null, output] { close(file) } }
            let serve = try ChildProcess(
                DicomFS.path,
                ["serve", "--archive", folder.appending("archive"), "--mount", mount, "--dicom-port", "0"],
                descriptors: (null, output, null))
            func first() -> Int32? {
                let children = "/proc/\(serve.pid)/task/\(serve.pid)/children"
                let numbers = try? String(contentsOfFile: children, encoding: .utf8)
                return numbers?.split(separator: " ").first.flatMap { Int32($0) }
            }
            while first() == nil, serve.isRunning {}
            kill(try #require(first()), SIGTERM)
            func isReady() throws -> Bool {
                try String(contentsOfFile: folder.appending("out"), encoding: .utf8).hasPrefix("dicomfs ready ")
            }
            for _ in 0..<3000 where try !isReady() { usleep(10_000) }
            #expect(try isReady())
            serve.send(SIGTERM)
            for _ in 0..<3000 where serve.isRunning { usleep(10_000) }
            #expect(!serve.isRunning)
            if serve.isRunning {
                serve.send(SIGKILL)
                _ = try Program.run("fusermount3", ["-u", "-z", "-q", mount])
            }
            #expect(serve.wait() == 0)
        }
    }

    @Test func `a new program takes over on SIGUSR2 and the mount stays`() throws {
        let served = try ServedArchive()
        let before = try #require(served.worker)
        kill(served.pid, SIGUSR2)
        for _ in 0..<1000 where served.worker == nil || served.worker == before { usleep(10_000) }
        #expect(served.worker != nil && served.worker != before)
        #expect(try served.answersEcho())
        #expect(served.stop() == 0)
        #expect(try Program.run("mountpoint", ["-q", served.mount]).status != 0)
    }

    @Test func `a worker that is told to end twice ends in order`() throws {
        let served = try ServedArchive()
        for _ in 0..<10 {
            let before = try #require(served.worker)
            for _ in 0..<20 {
                kill(served.pid, SIGUSR2)
                usleep(200)
            }
            for _ in 0..<1000 where served.worker == nil || served.worker == before { usleep(10_000) }
        }
        #expect(try served.files() == [])
        #expect(!served.log.contains("exit code 1"), "\(served.log)")
        #expect(served.stop() == 0)
    }

    @Test func `a program that is deleted goes on as it was`() throws {
        let folder = try TemporaryFolder()
        let program = folder.appending("dicomfs")
        try Program.copy(DicomFS.path, to: program)
        let served = try ServedArchive(program: program)
        unlink(program)
        kill(try #require(served.worker), SIGKILL)
        #expect(try served.answersEcho())
    }

    @Test func `a worker makes no new archive where the one that was served is gone`() throws {
        let served = try ServedArchive()
        let moved = served.archive + ".moved"
        try FileManager.default.moveItem(atPath: served.archive, toPath: moved)
        mkdir(served.archive, 0o700)
        kill(try #require(served.worker), SIGKILL)
        #expect(served.wait() == 1)
        #expect(served.log.contains("is not at \(served.archive) any more"), "\(served.log)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: served.archive) == [])
    }

    @Test func `a connection that another aborts ends in a sentence, and no dead mount is left`() throws {
        let served = try ServedArchive()
        let directory = open(served.mount, O_RDONLY | O_DIRECTORY)
        defer { close(directory) }
        _ = try Program.run("umount", ["-f", served.mount])
        #expect(served.wait() == 1)
        #expect(served.log.contains("was aborted"), "\(served.log)")
        #expect(try Program.run("mountpoint", ["-q", served.mount]).status != 0)
    }

    @Test func `a killed supervisor takes its worker along, and serve starts again at once`() throws {
        let served = try ServedArchive()
        let worker = try #require(served.worker)
        served.kill()
        try served.start()
        let arguments = (try? String(contentsOfFile: "/proc/\(worker)/cmdline", encoding: .utf8)) ?? ""
        #expect(!arguments.contains("--worker"))
        #expect(try served.answersEcho())
    }

    @Test func `a worker that cannot start any more ends in a sentence, an unmounted folder and no process that waits`()
        throws
    {
        let served = try ServedArchive()
        let worker = try #require(served.worker)
        try FileManager.default.moveItem(atPath: served.archive + "/db", toPath: served.archive + "/gone")
        kill(worker, SIGKILL)
        // It waits for an answer that never comes.
        let reader = try Program.run("timeout", ["60", "stat", served.mount + "/missing"])
        #expect(reader.status == 1)
        for _ in 0..<3000 where served.isRunning { usleep(10_000) }
        #expect(!served.isRunning)
        #expect(served.log.contains("the worker cannot be kept running"))
        #expect(try Program.run("mountpoint", ["-q", served.mount]).status != 0)
        let waiting = try Program.run("ps", ["-eo", "stat=,args="]).output.split(separator: "\n").filter {
            $0.hasPrefix("D") && $0.contains(served.mount)
        }
        #expect(waiting == [])
    }

    @Test func `a first worker that cannot start is said in its own words, and nothing is left mounted`() throws {
        let folder = try TemporaryFolder()
        let mount = try folder.makeFolder("mnt")
        let archive = try folder.makeFolder("archive")
        _ = try folder.write(
            "archive/dicomfs-archive", Array("dicomfs archive\nformat 1\ndefault-character-set ISO_IR 100\n".utf8))
        let done = try DicomFS.run("serve", "--archive", archive, "--mount", mount, "--dicom-port", "0")
        #expect(done.status == 1)
        #expect(done.errors.hasPrefix("dicomfs: "), "\(done.errors)")
        #expect(done.errors.split(separator: "\n").count == 1, "\(done.errors)")
        #expect(try Program.run("mountpoint", ["-q", mount]).status != 0)
    }

    @Test func `without a supervisor the mount ends with its one process`() throws {
        let served = try ServedArchive(options: ["--no-supervisor"])
        #expect(served.worker == nil)
        #expect(try served.files() == [])
        #expect(served.stop() == 0)
        #expect(try Program.run("mountpoint", ["-q", served.mount]).status != 0)
    }
}
