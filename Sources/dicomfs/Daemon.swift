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
    private let archive: Archive
    private let logger = Logger(label: "dicomfs") { StreamLogHandler.standardError(label: $0) }

    init(archive: Archive) { self.archive = archive }

    /// Opens the doors, says so, waits for a signal, and closes them: the last opened first.
    func run(
        mountPoint: MountPoint?, mountOptions: MountOptions, listener: AssociationListener.Configuration?
    ) throws {
        if let note = archive.openingNote { logger.warning("\(note)") }
        let control = try exiting { () throws(Failure) in try ControlServer(archive: archive) }
        var doors = [Door("control socket", run: control.run, stop: control.stop)]
        // Bound before anything is mounted: a taken port is an error that leaves nothing behind.
        let associations = try listener.map { configuration throws(ExitStatus) in try listen(configuration) }
        if let mountPoint {
            let session = try mount(mountPoint, mountOptions)
            doors.append(Door("mount", run: session.run, stop: session.stop))
        }
        if let associations { doors.append(Door("DICOM", run: associations.run, stop: associations.stop)) }
        doors.append(signals(mountPoint))

        let mount = mountPoint?.path
        let place = listener.flatMap { listener in
            associations.map { "\(listener.host):\($0.port)/\(listener.aeTitle)" }
        }
        let ready = ReadyLine(
            waitUntilReady: { if let mount { try Self.waitForAnswer(mount) } },
            line: "dicomfs ready archive=\(archive.folder.path) mount=\(mount ?? "-") dicom=\(place ?? "-")")
        // A door that ends by itself, as the mount does when somebody unmounts it, ends the daemon.
        let services = (doors as [any Service] + [ready]).map {
            ServiceGroupConfiguration.ServiceConfiguration(
                service: $0, successTerminationBehavior: .gracefullyShutdownGroup)
        }
        let group = ServiceGroup(configuration: ServiceGroupConfiguration(services: services, logger: logger))
        try finish(group)
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

    private func listen(_ configuration: AssociationListener.Configuration) throws(ExitStatus) -> AssociationListener {
        let log = logger
        let provider = ArchiveProvider(archive) { entry in
            log.log(level: entry.isProblem ? .warning : .info, "\(entry.line)")
        }
        return try failing { () throws(ListenError) in
            try AssociationListener(configuration: configuration, provider: provider)
        }
    }

    private func mount(_ mountPoint: MountPoint, _ mountOptions: MountOptions) throws(ExitStatus) -> Session {
        let tree = ArchiveTree(archive)
        var options = mountOptions.session
        options.name = archive.folder.path
        let session = try failing { () throws(MountError) in
            try Session.mount(tree, at: mountPoint, options: options)
        }
        if let warning = mountPoint.hiddenWarning { logger.warning("\(warning)") }
        archive.setObserver(TreeAnnouncer(tree, session.notifier))
        return session
    }

    /// The first request is answered when the kernel and we have agreed.
    private static func waitForAnswer(_ path: String) throws {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw ExitStatus(
                code: EXIT_FAILURE, message: "the mount at \(path) does not answer: \(String(cString: strerror(errno)))"
            )
        }
    }

    /// Ends by itself at the first signal. Not by the group's own means: whoever sends a second one does not want to wait.
    private func signals(_ mountPoint: MountPoint?) -> Door {
        let first = Gate()
        Thread.start {
            _ = Signals.wait()
            first.open()
            _ = Signals.wait()
            // No dead mount stays behind.
            mountPoint?.detach()
            _exit(EXIT_FAILURE)
        }
        return Door("signals", run: { first.wait() }, stop: first.open)
    }
}

/// How a group of services ended.
private final class GroupEnd: Sendable {
    let gate = Gate()
    let error = Mutex<(any Error)?>(nil)
}
