import ArgumentParser
import DICOMArchive
import DICOMNetwork
import FUSE
import Glibc
import Logging
import Synchronization
import Threads

/// Holds a mount, the archive's lock and the DICOM port, and keeps a worker running that does the work.
///
/// A worker that ends is replaced. Meanwhile whoever uses the mount waits, and so does who connects: nobody sees an error,
/// but for the associations that were open. The supervisor itself reads nothing that comes from outside.
final class Supervisor: Sendable {
    private let mount: Mount
    private let folder: ArchiveFolder
    private let socket: ListeningSocket?
    private let logger: Logger
    private let state = Mutex(State())
    private let stopping = Gate()

    private struct State {
        var worker: pid_t?
        var isStopping = false
    }

    /// So many workers in a row may fail: by their own fault before they are ready, or soon after.
    private static let patience = 5
    private static let youth = Duration.seconds(10)
    /// For so long there may be no worker that is ready, whatever ends them.
    private static let longestPause = Duration.seconds(60)

    init(mount: Mount, folder: ArchiveFolder, socket: ListeningSocket?, logger: Logger) {
        self.mount = mount
        self.folder = folder
        self.socket = socket
        self.logger = logger
    }

    /// Keeps workers running until a signal, until the mount is taken away by another, or until they fail repeatedly.
    ///
    /// - Parameter isReady: called once, when the first worker serves.
    func run(isReady: () -> Void) throws {
        handleSignals()
        defer { mount.unmount() }
        var failures = 0
        var wasReady = false
        var lastReady = ContinuousClock.now
        var past = Inheritance.Past.none
        repeat {
            let worker = try start(past)
            let begin = ContinuousClock.now
            let serves = worker.waitUntilReady()
            if serves {
                lastReady = .now
                let pause = Int(begin.duration(to: lastReady) / .milliseconds(1))
                if wasReady {
                    logger.notice("worker \(worker.pid) serves, \(pause) ms after its start")
                } else {
                    isReady()
                }
            }
            worker.awaitEnd()
            let end = state.withLock { state in
                state.worker = nil
                return worker.end()
            }
            if state.withLock({ $0.isStopping }) || mount.isGone { break }
            guard serves || wasReady else {
                // It has said why; nobody has seen the mount yet.
                throw Self.failure(end)
            }
            wasReady = true
            past = end == .exit(EXIT_SUCCESS) ? .complete : .incomplete
            let sinceReady = lastReady.duration(to: .now)
            if Self.isFault(end), !serves || sinceReady < Self.youth { failures += 1 } else if serves { failures = 0 }
            logger.log(level: past == .complete ? .notice : .error, "worker \(worker.pid) \(end.words)")
            guard failures < Self.patience, serves || sinceReady < Self.longestPause else { throw giveUp() }
            // 0.1 s, then four times as long each time.
            if failures > 0 || !serves { stopping.wait(milliseconds: 25 << (2 * failures)) }
        } while !state.withLock { $0.isStopping }
    }

    private func start(_ past: Inheritance.Past) throws(ExitStatus) -> WorkerProcess {
        let connection = mount.connection()
        defer { close(connection.descriptor) }
        let worker = try WorkerProcess(
            Inheritance(
                device: connection.descriptor, lock: folder.lock, supervisor: -1, dicom: socket?.descriptor,
                past: past), connection.initialization)
        let isStopping = state.withLock { state in
            state.worker = worker.pid
            return state.isStopping
        }
        if isStopping { kill(worker.pid, SIGTERM) }
        return worker
    }

    /// Whoever waits for the mount gets an error; no process stays behind.
    private func giveUp() -> ExitStatus {
        mount.abort()
        return ExitStatus(
            code: EXIT_FAILURE,
            message: "the worker cannot be kept running, for the reasons above; \(mount.point.path) is unmounted."
                + " Run dicomfs verify --archive \(folder.path), then serve again")
    }

    /// Whether a worker ended by its own fault, and not because somebody wanted it to.
    private static func isFault(_ end: WorkerProcess.End) -> Bool {
        switch end {
        case .exit(let status): status != EXIT_SUCCESS
        case .signal(let signal): ![SIGKILL, SIGTERM, SIGINT, SIGHUP].contains(signal)
        }
    }

    private static func failure(_ end: WorkerProcess.End) -> any Error {
        switch end {
        case .exit(let status): ExitCode(status == EXIT_SUCCESS ? EXIT_FAILURE : status)
        case .signal: ExitStatus(code: EXIT_FAILURE, message: "the worker \(end.words) before it was ready")
        }
    }

    /// The first signal ends the worker, and then us; the second does not wait. SIGUSR2 ends the worker only.
    private func handleSignals() {
        Thread.start { [self] in
            while true {
                let signal = Signals.wait()
                let (worker, isSecond) = state.withLock { state in
                    let isSecond = state.isStopping
                    if signal != SIGUSR2 { state.isStopping = true }
                    if let worker = state.worker { kill(worker, SIGTERM) }
                    return (state.worker, isSecond)
                }
                if signal != SIGUSR2, !isSecond {
                    stopping.open()
                    ServiceManager.tell("STOPPING=1")
                }
                guard isSecond, signal != SIGUSR2 else { continue }
                if let worker { kill(worker, SIGKILL) }
                // No dead mount stays behind.
                mount.point.detach()
                _exit(EXIT_FAILURE)
            }
        }
    }
}
