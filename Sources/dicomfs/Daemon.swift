import ArchiveControl
import ArchiveFS
import ArchiveSCP
import DICOMArchive
import DICOMNetwork
import FUSE
import Foundation
import Glibc
import Logging
import ServiceLifecycle
import Synchronization
import Threads

/// What `serve` runs: the doors of one archive, each on threads of its own, until a signal or until one ends.
struct Daemon: Sendable {
    /// How the archive comes to be mounted.
    enum MountSource {
        /// By this process.
        case point(MountPoint)
        /// By a supervisor.
        case inherited(Connection, Inheritance.Past)
    }

    let archive: Archive
    let settings: LiveSettings
    let logger: Logger
    /// Whether a supervisor keeps it running.
    let isWorker: Bool
    /// What is done once everything answers.
    let isReady: @Sendable () -> Void
    /// What is done when it is to end.
    let isEnding: @Sendable () -> Void

    /// Opens the doors, says so, waits for a signal, and closes them: the last opened first.
    ///
    /// - Returns: whether a signal ended it, and the kernel has been told everything that changed.
    func run(
        _ source: MountSource?, _ sockets: DICOMSockets?, _ tls: TLSContext?
    ) throws -> Bool {
        if let note = archive.openingNote { logger.warning("\(note)") }
        let control = try exiting { () throws(Failure) in try ControlServer(archive: archive) }
        let associations = try sockets.map { sockets throws(ExitStatus) in try listen(sockets, tls) }
        let complete = Gate()
        // The mount is closed last: who reads does not wait for those who send.
        var doors: [Door] = []
        var detach: (@Sendable () -> Void)?
        if let source {
            let (session, announcer) = try mount(source, settings.running.mountOptions)
            control.countMount { MountCounts(session) }
            detach = session.detach
            doors.append(
                Door("mount", run: session.run) {
                    if announcer.finish() { complete.open() }
                    session.stop()
                })
        }
        doors.append(Door("control socket", run: control.run, stop: control.stop))
        if let associations { doors.append(Door("DICOM", run: associations.run, stop: associations.stop)) }
        let signal = Gate()
        doors.append(signals(signal, detach))

        let ready = Readiness(
            waitUntilReady: { if case .point(let point) = source { try Self.waitForAnswer(point.path) } },
            isReady: isReady, isEnding: isEnding)
        // A door that ends by itself, as the mount does when somebody unmounts it, ends the daemon.
        let services = (doors as [any Service] + [ready]).map {
            ServiceGroupConfiguration.ServiceConfiguration(
                service: $0, successTerminationBehavior: .gracefullyShutdownGroup)
        }
        let group = ServiceGroup(configuration: ServiceGroupConfiguration(services: services, logger: logger))
        try finish(group)
        return signal.wait(milliseconds: 0) && complete.wait(milliseconds: 0)
    }

    /// Runs the group to its end.
    ///
    /// The main thread waits here and not in an asynchronous `main`: that parks it in sigsuspend(2) with every signal let
    /// through, and SIGTERM would end the process on the spot.
    private func finish(_ group: ServiceGroup) throws {
        let end = GroupEnd()
        Task {
            do { try await group.run() } catch { end.error.withLock { $0 = error } }
            end.gate.open()
        }
        end.gate.wait()
        if let error = end.error.withLock({ $0 }) { throw error }
    }

    private func listen(_ sockets: DICOMSockets, _ tls: TLSContext?) throws(ExitStatus) -> AssociationListener {
        let log = logger
        let running = settings.running
        var configuration = ArchiveProvider.Configuration()
        configuration.aeTitle = running.aeTitle
        configuration.longestInstance = running.limits.instanceSize?.bytes
        configuration.findLimit = running.findLimit
        configuration.tls = tls
        let provider = ArchiveProvider(archive, peers: settings.peers, configuration: configuration) { entry in
            log.log(level: entry.isProblem ? .warning : .info, "\(entry.line)")
        }
        return try sockets.listener(running.listener ?? AssociationListener.Configuration(), tls, provider)
    }

    private func mount(
        _ source: MountSource, _ mountOptions: MountOptions
    ) throws(ExitStatus) -> (Session, TreeAnnouncer) {
        let isInherited =
            switch source {
            case .point, .inherited(_, .none): false
            case .inherited: true
            }
        let tree = ArchiveTree(archive, mountOptions.tree, isInherited: isInherited)
        var options = mountOptions.session
        options.name = archive.folder.path
        let session = try failing { [options] () throws(MountError) in
            switch source {
            case .point(let point): try Session.mount(tree, at: point, options: options)
            case .inherited(let connection, _): try Session(tree, connection, options: options)
            }
        }
        if case .point(let point) = source, let warning = point.hiddenWarning { logger.warning("\(warning)") }
        let announcer = TreeAnnouncer(tree, session.notifier)
        archive.addObserver(announcer)
        if case .inherited(_, .incomplete) = source {
            announcer.forgetEverything { [logger] error in
                logger.error("the mount may show what is gone until it is mounted again: \(error)")
            }
        }
        return (session, announcer)
    }

    /// The first request is answered when the kernel and we have agreed.
    static func waitForAnswer(_ path: String) throws {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw ExitStatus(
                code: EXIT_FAILURE, message: "the mount at \(path) does not answer: \(String(cString: strerror(errno)))"
            )
        }
    }

    /// Ends by itself at the first signal that is not for the settings. Not by the group's own means: whoever sends a second one does not want to wait.
    ///
    /// - Parameters:
    ///   - signal: opened when one came.
    ///   - detach: takes the mount away, so that no dead one stays behind.
    private func signals(_ signal: Gate, _ detach: (@Sendable () -> Void)?) -> Door {
        let end = Gate()
        Thread.start {
            Signals.waitForEnd { settings.reload() }
            signal.open()
            end.open()
            // A worker's supervisor tells it once, and has SIGKILL.
            if isWorker { return }
            Signals.waitForEnd()
            detach?()
            _exit(EXIT_FAILURE)
        }
        return Door("signals", run: { end.wait() }, stop: end.open)
    }
}

/// How a group of services ended.
private final class GroupEnd: Sendable {
    let gate = Gate()
    let error = Mutex<(any Error)?>(nil)
}
