import Foundation
import Glibc
import TestSupport

/// A DICOM server of somebody else's that a test started, at a port of 127.0.0.1; it ends when this is stopped or dropped.
final class ServerProcess {
    private let process: ChildProcess
    private let folder: TemporaryFolder
    private let name: String

    /// Starts it; returns when it listens at the port.
    init(_ path: String, _ arguments: [String], port: Int) throws {
        folder = try TemporaryFolder()
        name = path
        let log = open(folder.appending("log"), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        let input = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { for descriptor in [log, input] { close(descriptor) } }
        process = try ChildProcess(
            path, arguments, environment: ["TCP_NODELAY": "1"], descriptors: (input, log, log))
        let isListening = waitUntil {
            guard let socket = LocalPort.connect(port) else { return !process.isRunning }
            close(socket)
            return true
        }
        guard isListening, process.isRunning else { throw NotReady(line: path, log: self.log) }
    }

    deinit { stop() }

    /// What it said.
    var log: String { (try? String(contentsOfFile: folder.appending("log"), encoding: .utf8)) ?? "" }

    func stop() {
        process.send(SIGTERM)
        process.wait()
    }
}
