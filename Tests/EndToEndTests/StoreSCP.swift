import Foundation
import Glibc
import TestSupport

/// dcmtk's storescp at a port, until it is stopped or dropped.
final class StoreSCP {
    private let process: ChildProcess
    private let folder: TemporaryFolder

    /// Starts it; returns when it listens.
    init(_ port: Int, _ options: [String]) throws {
        folder = try TemporaryFolder()
        let log = open(folder.appending("log"), O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        let input = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { for descriptor in [log, input] { close(descriptor) } }
        process = try ChildProcess(
            "/usr/bin/storescp", options + ["\(port)"], environment: ["TCP_NODELAY": "1"],
            descriptors: (input, log, log))
        let isListening = waitUntil {
            guard let socket = LocalPort.connect(port) else { return !process.isRunning }
            close(socket)
            return true
        }
        guard isListening, process.isRunning else { throw NotReady(line: "storescp", log: self.log) }
    }

    deinit { stop() }

    /// What it said.
    var log: String { (try? String(contentsOfFile: folder.appending("log"), encoding: .utf8)) ?? "" }

    func stop() {
        process.send(SIGTERM)
        process.wait()
    }
}
