import ArchiveControl
import ArchiveFS
import ArchiveSCP
import DICOMArchive
import DICOMNetwork
import FUSE
import Foundation
import Glibc
import Logging
import Synchronization
import Threads

/// What `serve` runs: the doors of one archive, each on threads of its own, until a signal.
final class Daemon: Sendable {
    private let archive: Archive
    private let logger = Logger(label: "dicomfs") { StreamLogHandler.standardError(label: $0) }

    init(archive: Archive) { self.archive = archive }

    /// Opens the doors, says so, waits for a signal, and closes them.
    func run(
        mountPoint: MountPoint?, mountOptions: MountOptions, listener: AssociationListener.Configuration?
    ) throws(ExitStatus) {
        var doors: [Door] = []
        defer { for door in doors.reversed() { door.close() } }

        let control = try exiting { () throws(Failure) in try ControlServer(archive: archive) }
        doors.append(Door(run: control.run, stop: control.stop))

        let association = try listener.map { configuration throws(ExitStatus) in
            let log = logger
            let provider = ArchiveProvider(archive) { entry in
                log.log(level: entry.isProblem ? .warning : .info, "\(entry.line)")
            }
            return try failing { () throws(ListenError) in
                try AssociationListener(configuration: configuration, provider: provider)
            }
        }
        if let mountPoint {
            let session = try mount(mountPoint, mountOptions)
            doors.append(Door(run: session.run, stop: session.stop))
            try waitForAnswer(mountPoint.path)
        }
        if let association { doors.append(Door(run: association.run, stop: association.stop)) }

        let place = listener.flatMap { listener in association.map { "\(listener.host):\($0.port)/\(listener.aeTitle)" } }
        print("dicomfs ready archive=\(archive.folder.path) mount=\(mountPoint?.path ?? "-") dicom=\(place ?? "-")")
        fflush(nil)
        waitForEnd(doors, mountPoint)
    }

    private func mount(_ mountPoint: MountPoint, _ mountOptions: MountOptions) throws(ExitStatus) -> Session {
        let tree = ArchiveTree(archive)
        var options = mountOptions.session
        options.name = archive.folder.path
        let session = try failing { () throws(MountError) in
            try Session.mount(tree, at: mountPoint, options: options)
        }
        archive.setObserver(TreeAnnouncer(tree, session.notifier))
        return session
    }

    /// The first request is answered when the kernel and we have agreed.
    private func waitForAnswer(_ path: String) throws(ExitStatus) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw ExitStatus(
                code: EXIT_FAILURE, message: "the mount at \(path) does not answer: \(String(cString: strerror(errno)))")
        }
    }

    /// Until a signal, or until the file system is unmounted by another.
    private func waitForEnd(_ doors: [Door], _ mountPoint: MountPoint?) {
        let ended = Gate()
        for door in doors { door.onEnd { ended.open() } }
        Thread.start {
            _ = Signals.wait()
            ended.open()
            // Whoever asks again does not want to wait. No dead mount stays behind.
            _ = Signals.wait()
            mountPoint?.detach()
            _exit(EXIT_FAILURE)
        }
        ended.wait()
    }
}

/// A part of the daemon that runs on a thread of its own until it is stopped.
final class Door: Sendable {
    private let stop: @Sendable () -> Void
    private let ended = Gate()
    private let atEnd = Mutex<[@Sendable () -> Void]>([])

    init(run: @escaping @Sendable () -> Void, stop: @escaping @Sendable () -> Void) {
        self.stop = stop
        Thread.start { [self] in
            run()
            for body in atEnd.withLock({ $0 }) { body() }
            ended.open()
        }
    }

    /// Has `body` called when it ends by itself or is stopped.
    func onEnd(_ body: @escaping @Sendable () -> Void) { atEnd.withLock { $0.append(body) } }

    /// Stops it and waits for its end.
    func close() {
        stop()
        ended.wait()
    }
}
