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
    private let sockets: DICOMSockets?
    private let settings: LiveSettings
    private let logger: Logger
    private let state = Mutex(State())
    private let stopping = Gate()

    private struct State {
        var worker: pid_t?
        var isStopping = false
        /// Why the mount does not answer.
        var failure: (any Error)?
    }

    /// One worker's life.
    private struct Life {
        /// When it was ready; nil when it never was.
        var ready: ContinuousClock.Instant?
        var end: WorkerProcess.End
    }

    init(mount: Mount, folder: ArchiveFolder, sockets: DICOMSockets?, settings: LiveSettings, logger: Logger) {
        self.mount = mount
        self.folder = folder
        self.sockets = sockets
        self.settings = settings
        self.logger = logger
    }

    /// Keeps workers running until a signal, until the mount is taken away by another, or until they fail repeatedly.
    ///
    /// - Parameter isReady: called once, when the first worker serves.
    func run(isReady: @escaping @Sendable () -> Void) throws {
        handleSignals()
        defer { mount.unmount() }
        var history = WorkerHistory()
        var life: Life? = try live(.none) { _ in tellWhenAnswered(isReady) }
        if let life, life.ready == nil, !isStopping { throw failure(first: life.end) }
        var past = Inheritance.Past.complete
        var reason = ""
        while !isStopping, !mount.isGone {
            if let life {
                past = life.end == .exit(EXIT_SUCCESS) ? .complete : .incomplete
                reason = "worker \(life.end.words)"
                logger.log(level: past == .complete ? .notice : .error, "\(reason)")
            }
            let next = history.end(ready: life?.ready, isFault: life.map { Self.isFault($0.end) } ?? true)
            guard case .start(let pause) = next else { throw giveUp(reason) }
            if pause > 0, stopping.wait(milliseconds: pause) { break }
            let begin = ContinuousClock.now
            do {
                life = try live(past) { worker in
                    let pause = Int(begin.duration(to: .now) / .milliseconds(1))
                    logger.notice("worker \(worker.pid) serves, \(pause) ms after its start")
                }
            } catch {
                // No process, or no memory: perhaps the next time.
                life = nil
                reason = (error as? ExitStatus)?.message ?? "\(error)"
                logger.error("\(reason)")
            }
        }
        if let failure = state.withLock({ $0.failure }) { throw failure }
        if !isStopping, mount.isInPlace {
            let place = mount.point.path
            throw ExitStatus(
                code: EXIT_FAILURE, message: "the connection of the mount at \(place) was aborted; it is unmounted")
        }
    }

    /// Calls `isReady` when the mount answers. In a thread of its own: the first worker may end before it does, and then it is the
    /// next one that answers, or the end of the mount.
    private func tellWhenAnswered(_ isReady: @escaping @Sendable () -> Void) {
        Thread.start { [self] in
            do {
                // By us, not by the worker: an automounter lets only the process group it started pass.
                try Daemon.waitForAnswer(mount.point.path)
                if !isStopping { isReady() }
            } catch {
                state.withLock { state in
                    guard !state.isStopping else { return }
                    (state.failure, state.isStopping) = (error, true)
                    if let worker = state.worker { kill(worker, SIGTERM) }
                }
                stopping.open()
            }
        }
    }

    private var isStopping: Bool { state.withLock { $0.isStopping } }

    /// Starts a worker and waits for its end.
    ///
    /// - Parameter isReady: called when it serves.
    private func live(_ past: Inheritance.Past, isReady: (WorkerProcess) throws -> Void) throws -> Life {
        let worker = try start(past)
        var ready: ContinuousClock.Instant?
        if worker.waitUntilReady() {
            ready = .now
            try isReady(worker)
        }
        worker.awaitEnd()
        let end = state.withLock { state in
            state.worker = nil
            return worker.end()
        }
        return Life(ready: ready, end: end)
    }

    private func start(_ past: Inheritance.Past) throws(ExitStatus) -> WorkerProcess {
        let connection = try failing { () throws(MountError) in try mount.connection() }
        defer { close(connection.descriptor) }
        let handed = try settings.handed.descriptor()
        defer { close(handed) }
        let worker = try WorkerProcess(
            Inheritance(
                device: connection.descriptor, lock: folder.lock, supervisor: -1, dicom: sockets?.plain.descriptor,
                past: past, settings: handed, tls: sockets?.secured?.descriptor), connection.initialization)
        state.withLock { state in
            state.worker = worker.pid
            if state.isStopping { kill(worker.pid, SIGTERM) }
        }
        return worker
    }

    /// Whoever waits for the mount gets an error; no process stays behind.
    private func giveUp(_ reason: String) -> ExitStatus {
        mount.abort()
        return ExitStatus(
            code: EXIT_FAILURE,
            message: "the worker cannot be kept running (\(reason)); \(mount.point.path) is unmounted. The lines above"
                + " say more: if of damage, run dicomfs verify --archive \(folder.path)")
    }

    /// Whether a worker ended by its own fault, and not because somebody wanted it to.
    private static func isFault(_ end: WorkerProcess.End) -> Bool {
        switch end {
        case .exit(let status): status != EXIT_SUCCESS
        case .signal(let signal): ![SIGKILL, SIGTERM, SIGINT, SIGHUP].contains(signal)
        }
    }

    /// Why there is nothing to serve: the first worker has mostly said it.
    private func failure(first end: WorkerProcess.End) -> any Error {
        if mount.isGone {
            let place = mount.point.path
            return ExitStatus(code: EXIT_FAILURE, message: "the mount at \(place) was taken away before it was ready")
        }
        switch end {
        case .exit(let status): return ExitCode(status == EXIT_SUCCESS ? EXIT_FAILURE : status)
        case .signal: return ExitStatus(code: EXIT_FAILURE, message: "the worker \(end.words) before it was ready")
        }
    }

    /// The first signal ends the worker, and then us; the second does not wait. SIGUSR2 ends the worker only; SIGHUP makes it read the
    /// settings again, when they are right.
    private func handleSignals() {
        Thread.start { [self] in
            while true {
                let signal = Signals.wait()
                let isEnd = Signals.isEnd(signal)
                if signal == SIGHUP, !isEnd {
                    if settings.reload(isTold: false) { tellWorker(signal) }
                    continue
                }
                let isSecond = state.withLock { state in
                    defer { if isEnd { state.isStopping = true } }
                    let isSecond = state.isStopping && isEnd
                    // Within the lock: its number is not another's.
                    if let worker = state.worker { kill(worker, isSecond ? SIGKILL : SIGTERM) }
                    return isSecond
                }
                if isSecond {
                    // No dead mount stays behind.
                    mount.detach()
                    _exit(EXIT_FAILURE)
                }
                if isEnd {
                    stopping.open()
                    ServiceManager.tell("STOPPING=1")
                }
            }
        }
    }

    private func tellWorker(_ signal: Int32) {
        state.withLock { state in
            if let worker = state.worker { _ = kill(worker, signal) }
        }
    }
}
