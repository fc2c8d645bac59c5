import Foundation
import Glibc
import TestSupport
import Testing

/// `dicomfs watch` beside a real mount and a real sender.
struct WatchTests {
    @Test func `what watch prints is what find shows in the mount, and what it no longer shows`() throws {
        let served = try ServedArchive()
        let watch = try WatchCommand(served.archive)
        let folder = try TemporaryFolder()
        for seed in 1...2 { _ = try Study.make(in: folder.appending("\(seed)"), images: 3, size: 8, seed: seed) }
        #expect(try served.storescu([folder.appending("1"), folder.appending("2")]).status == 0)
        let stored = try watch.events(11)
        #expect(stored.allSatisfy { $0.event == "stored" })
        #expect(Set(stored.map(\.shown)) == Set(try shown(served)))
        let listed = try DicomFS.json([Listed].self, "list", "--archive", served.archive, "--level", "instance")
        let instances = stored.filter { $0.level == "instance" }
        #expect(Set(instances.map(\.id)) == Set(listed.map(\.id)))

        let study = try #require(stored.first { $0.level == "study" })
        #expect(try DicomFS.run("delete", "--archive", served.archive, study.id).output == "deleted 3 instances\n")
        let deleted = try watch.events(5)
        #expect(deleted.allSatisfy { $0.event == "deleted" })
        #expect(Set(stored.map(\.shown)).subtracting(deleted.map(\.shown)) == Set(try shown(served)))
    }

    @Test func `watch goes on when the daemon is started again, and ends with a sentence when it is not`() throws {
        let served = try ServedArchive()
        let watch = try WatchCommand(served.archive, ["--wait", "5"])
        served.kill()
        try served.start()
        #expect(try watch.next()?.event == "watching")
        #expect(watch.errors == "dicomfs: \(served.archive) is served again; events meanwhile are missing\n")
        let folder = try TemporaryFolder()
        _ = try served.storescu(try Study.make(in: folder.appending("study"), images: 1, size: 8))
        #expect(try watch.events(4).map(\.level) == ["patient", "study", "series", "instance"])

        let other = try WatchCommand(served.archive, ["--wait", "0"])
        #expect(served.stop() == 0)
        #expect(other.wait() == 1)
        #expect(other.errors == "dicomfs: the process that serves \(served.archive) ended\n")
    }

    @Test func `watch and live statistics of an archive that nobody serves say so`() throws {
        let folder = try TemporaryFolder()
        let archive = folder.appending("archive")
        let study = folder.appending("study")
        _ = try Study.make(in: study, images: 1, size: 8)
        #expect(try DicomFS.run("import", "--archive", archive, study).status == 0)
        for command in [["watch"], ["stats", "--live"]] {
            let done = try Program.run(DicomFS.path, command + ["--archive", archive])
            #expect(done.status == 1)
            #expect(done.errors == "dicomfs: nobody serves the archive \(archive); start dicomfs serve\n")
            let missing = try Program.run(DicomFS.path, command + ["--archive", folder.appending("none")])
            #expect(missing.status == 66)
        }
    }

    /// Every directory, and every `.dcm` with its size, of the mount.
    private func shown(_ served: ServedArchive) throws -> [String] {
        let found = try Program.run(
            "find",
            [
                served.mount, "-mindepth", "1", "(", "-type", "d", "-printf", "%P\\n", ")", "-o", "-name", "*.dcm",
                "-printf",
                "%P %s\\n",
            ])
        return found.output.split(separator: "\n").map { String($0) }
    }
}

/// An event as `watch --json` prints it.
private struct Event: Decodable {
    var event: String
    var level = ""
    var id = ""
    var path = ""
    var size: Int?

    private enum CodingKeys: String, CodingKey { case event, level, id, path, size }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        event = try fields.decode(String.self, forKey: .event)
        guard event != "watching" else { return }
        level = try fields.decode(String.self, forKey: .level)
        id = try fields.decode(String.self, forKey: .id)
        path = try fields.decode(String.self, forKey: .path)
        size = try fields.decodeIfPresent(Int.self, forKey: .size)
    }

    /// As `find` is asked to show it.
    var shown: String { size.map { "\(path) \($0)" } ?? path }
}

/// `dicomfs watch --json` until it is dropped.
private final class WatchCommand {
    private let folder: TemporaryFolder
    private let process: ChildProcess
    private let output: Int32

    /// Starts it; returns when it watches.
    init(_ archive: String, _ options: [String] = []) throws {
        folder = try TemporaryFolder()
        let fifo = folder.appending("out")
        mkfifo(fifo, 0o600)
        output = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        _ = fcntl(output, F_SETFL, 0)
        let descriptors = (
            input: open("/dev/null", O_RDONLY | O_CLOEXEC), output: open(fifo, O_WRONLY | O_CLOEXEC),
            error: open(folder.appending("errors"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        )
        process = try ChildProcess(
            DicomFS.path, ["watch", "--json", "--archive", archive] + options, descriptors: descriptors)
        for descriptor in [descriptors.input, descriptors.output, descriptors.error] { close(descriptor) }
        #expect(try next()?.event == "watching")
    }

    deinit { close(output) }

    var errors: String { (try? String(contentsOfFile: folder.appending("errors"), encoding: .utf8)) ?? "" }

    func wait() -> Int32 { process.wait() }

    /// The next line; nil when it ended.
    func next() throws -> Event? {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(output, &byte, 1) == 1 {
            if byte == 0x0A { return try JSONDecoder().decode(Event.self, from: Data(line)) }
            line.append(byte)
        }
        return nil
    }

    func events(_ count: Int) throws -> [Event] {
        var events: [Event] = []
        while events.count < count, let event = try next() { events.append(event) }
        return events
    }
}
