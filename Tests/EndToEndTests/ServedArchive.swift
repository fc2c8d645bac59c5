import Foundation
import Glibc
import TestSupport

/// An archive in a temporary folder that the program serves: mounted, and listening on a free port of 127.0.0.1.
final class ServedArchive {
    let folder: TemporaryFolder
    let archive: String
    let mount: String
    private let program: String
    private(set) var port = 0
    /// Where it accepts associations with TLS; 0 when it does not.
    private(set) var securePort = 0
    private var process: ChildProcess?

    /// Starts serving; returns when the ready line was printed.
    ///
    /// - Parameters:
    ///   - archive: where the archive is; by default in the temporary folder.
    ///   - program: what is run.
    ///   - environment: variables besides those of the test.
    ///   - settings: the text of its settings file, which it has at the first start only.
    init(
        archive: String? = nil, program: String = DicomFS.path, options: [String] = [],
        environment: [String: String] = [:], settings: String? = nil
    ) throws {
        folder = try TemporaryFolder()
        self.program = program
        self.archive = archive ?? folder.appending("archive")
        mount = try folder.makeFolder("mnt")
        var options = options
        if let settings { options += ["--config", try folder.write("settings.yaml", Array(settings.utf8))] }
        try start(options, environment: environment)
    }

    deinit {
        stop()
        _ = try? Program.run("fusermount3", ["-u", "-z", "-q", mount])
    }

    /// The process's number.
    var pid: Int32 { process?.pid ?? 0 }

    /// The number of its worker; nil while there is none.
    var worker: Int32? {
        let children = try? String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8)
        return children?.split(separator: " ").first.flatMap { Int32($0) }
    }

    /// What it wrote to standard error so far: its log.
    var log: String { (try? String(contentsOfFile: folder.appending("log"), encoding: .utf8)) ?? "" }

    /// Starts it, again after ``kill()`` or ``stop()``.
    func start(_ options: [String] = [], environment: [String: String] = [:]) throws {
        // A FIFO and not pipe(2), whose ends a program that is started meanwhile would inherit.
        let fifo = folder.appending("out")
        unlink(fifo)
        mkfifo(fifo, 0o600)
        let reading = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        let writing = open(fifo, O_WRONLY | O_CLOEXEC)
        _ = fcntl(reading, F_SETFL, 0)
        defer { close(reading) }
        let input = open("/dev/null", O_RDONLY | O_CLOEXEC)
        let errors = open(folder.appending("log"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        process = try ChildProcess(
            program, ["serve", "--archive", archive, "--mount", mount, "--dicom-port", "0"] + options,
            environment: environment, descriptors: (input, writing, errors))
        for descriptor in [input, errors, writing] { close(descriptor) }
        var line = ""
        var byte: UInt8 = 0
        while !line.hasSuffix("\n"), Glibc.read(reading, &byte, 1) == 1 {
            line.unicodeScalars.append(Unicode.Scalar(byte))
        }
        func port(_ name: String) -> Int? {
            let place = line.components(separatedBy: " \(name)=127.0.0.1:").dropFirst().first
            return place?.split(separator: "/").first.flatMap { Int($0) }
        }
        guard line.hasPrefix("dicomfs ready "), let plain = port("dicom") else {
            throw NotReady(line: line, log: self.log)
        }
        self.port = plain
        securePort = port("dicom-tls") ?? 0
    }

    /// Changes its settings file and tells it so: SIGHUP. Returns when it has read that.
    func reload(_ settings: String) throws {
        let told = "settings read again"
        let times = log.components(separatedBy: told).count
        _ = try folder.write("settings.yaml", Array(settings.utf8))
        process?.send(SIGHUP)
        _ = waitUntil { log.components(separatedBy: told).count > times }
    }

    /// Whether a line of its log has these words, now or soon: what is said of an association is said after its end.
    func says(_ words: String) -> Bool { waitUntil { log.contains(words) } }

    /// The lines of its log with these words.
    func logLines(_ words: String) -> [String] {
        log.split(separator: "\n").map { String($0) }.filter { $0.contains(words) }
    }

    /// SIGTERM, and waits for the end; the exit status.
    @discardableResult
    func stop() -> Int32? {
        process?.send(SIGTERM)
        return process?.wait()
    }

    /// Waits for the end, for 30 seconds at most; the exit status.
    func wait() -> Int32? {
        for _ in 0..<3000 where isRunning { usleep(10_000) }
        return isRunning ? nil : process?.wait()
    }

    /// SIGKILL, and waits for the end.
    func kill() {
        process?.send(SIGKILL)
        process?.wait()
    }

    var isRunning: Bool { process?.isRunning == true }

    /// dcmtk's storescu with files or folders.
    func storescu(_ paths: [String]) throws -> Program {
        try Program.run(
            "/usr/bin/storescu", ["-v", "-aec", "DICOMFS", "127.0.0.1", "\(port)", "+sd"] + paths,
            environment: ["TCP_NODELAY": "1"])
    }

    /// dcmtk's echoscu succeeds.
    func answersEcho() throws -> Bool {
        try Program.run("/usr/bin/echoscu", ["-aec", "DICOMFS", "127.0.0.1", "\(port)"]).status == 0
    }

    /// The regular files of the mount, relative to it, sorted.
    func files(_ suffix: String = "") throws -> [String] {
        let found = try Program.run("find", [mount, "-type", "f", "-name", "*\(suffix)", "-printf", "%P\\n"])
        guard found.status == 0 else { throw UnexpectedExit(program: found) }
        return found.output.split(separator: "\n").map { String($0) }.sorted()
    }

    /// The bytes of a file of the mount.
    func read(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(mount)/\(path)")))
    }
}

/// The daemon ended, or said something else, before it was ready.
struct NotReady: Error, CustomStringConvertible {
    let line: String
    let log: String

    var description: String { "not ready: \(line)\(log)" }
}

/// Studies made by `tools/make-study`.
enum Study {
    private static let maker =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path + "/tools/make-study"

    /// Writes one to a folder; its files, sorted.
    static func make(in folder: String, images: Int, size: Int = 64, seed: Int = 1, noise: Bool = false) throws
        -> [String]
    {
        var arguments = [folder, "--images", "\(images)", "--size", "\(size)", "--seed", "\(seed)"]
        if noise { arguments.append("--noise") }
        let made = try Program.run(maker, arguments)
        guard made.status == 0 else { throw UnexpectedExit(program: made) }
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map { "\(folder)/\($0)" }
    }
}
