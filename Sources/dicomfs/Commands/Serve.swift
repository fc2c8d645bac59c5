import ArgumentParser
import DICOMArchive
import DICOMNetwork
import FUSE
import Foundation
import Glibc
import Logging
import Threads

struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Receive images with C-STORE and show the archive as a mounted tree.",
        discussion: """
            Runs until SIGINT or SIGTERM, until the terminal is closed that it was started in, or until the tree is \
            unmounted; a second signal ends it at once. When modalities can connect and the mount answers it prints one \
            line on standard output:

              dicomfs ready archive=DIR mount=DIR dicom=HOST:PORT/AET

            With --mount it is two processes: a supervisor holds the mount and the port, a worker the archive. A worker \
            that crashes is replaced: whoever reads waits for a moment, and no request fails (Linux 6.9; before that, \
            those under way do). Names whose deletion was not told in time are forgotten too (Linux 6.16; before that, \
            opening them fails). After 5 failures in a row, or a minute without a worker that serves, the mount is taken \
            away. SIGUSR2 to the supervisor starts the program anew, as after an upgrade.

            Nobody but the mounting user sees the files, unless -o allow_other is given. Only this machine can connect, \
            unless --dicom-bind gives another address. Log lines go to standard error.

            Each option below may stand in the environment or in a settings file instead, which also says who the peers \
            are and what each may do; see dicomfs config --help. Without one, all may echo and store. SIGHUP makes it read \
            peers and rights again; associations stay open.

            Mount options (-o, separated by commas; those given here take the place of those in the settings file):
              allow_other    other users see the files too, as far as uid, gid and umask allow
              uid=N gid=N    the owner and group of all files (default: who mounts)
              umask=OCTAL    permissions that nobody has (default 007: files 0440, folders 0550)
              timeout=SEC    how long the kernel may keep names and attributes (default 86400)
              files=LIST     what listings show: dcm, png, doc, json (default dcm,png,doc)
              png=HOW        images as a person sees them: display (default); the stored values in 16 bits, of
                             those with one sample of up to 16 bits: raw16; no images at all: off
              views=HOW      .views in the root: hidden (default), listed or off
            """)

    @OptionGroup var options: ServeOptions

    @Option(help: .private)
    var worker: String?

    func run() throws {
        if let worker { return try work(worker) }
        let settings = try options.settings()
        guard settings.mount != nil || settings.acceptsAssociations else {
            throw ValidationError("Nothing to serve: without associations (--no-dicom) it needs --mount.")
        }
        let tls = try settings.tls.map { tls throws(ExitStatus) in try tls.context() }
        try settings.limits.raiseOpenFileLimit()
        let path = try settings.archivePath()
        // What a killed one has left behind may still be ending.
        ArchiveFolder.awaitOrphans(of: path)
        let mountPoint = try settings.mount.map { place in
            try failing { () throws(MountError) in try MountPoint(place, subtype: Session.Options().subtype) }
        }
        if let mountPoint { try checkApart(mountPoint.path, path) }
        let holder = ArchiveFolder.Holder(command: "serve", mount: mountPoint?.path)
        let folder = try opening { () throws(ArchiveError) in
            try ArchiveFolder.open(path, create: true, holder: holder)
        }
        // Bound before anything is mounted: a taken port is an error that leaves nothing behind.
        let sockets = try DICOMSockets.bind(settings)
        let place = sockets.map { "\(settings.bind):\($0.plain.port)/\(settings.aeTitle)" }
        var line = "dicomfs ready archive=\(folder.path) mount=\(mountPoint?.path ?? "-") dicom=\(place ?? "-")"
        if let secured = sockets?.secured { line += " dicom-tls=\(settings.bind):\(secured.port)/\(settings.aeTitle)" }
        let live = LiveSettings(settings, logger: logger, load: options.load)
        if let mountPoint, settings.usesSupervisor {
            return try supervise(mountPoint, folder, sockets, live) { [line] in Self.tellReady(line) }
        }
        let archive = try opening { () throws(ArchiveError) in
            try Archive(folder: folder, limits: settings.limits.ofArchive)
        }
        let daemon = Daemon(
            archive: archive, settings: live, logger: logger, isWorker: false,
            isReady: { [line] in Self.tellReady(line) }
        ) {
            ServiceManager.tell("STOPPING=1")
        }
        let source = mountPoint.map { Daemon.MountSource.point($0) }
        _ = try daemon.run(source, sockets, tls)
    }

    /// Tells who reads standard output, which nothing comes to after that, and systemd.
    private static func tellReady(_ line: String) {
        Output.line(line)
        StandardStreams.releaseOutput()
        ServiceManager.tell("READY=1", "STATUS=\(line)")
    }

    private func supervise(
        _ mountPoint: MountPoint, _ folder: ArchiveFolder, _ sockets: DICOMSockets?, _ settings: LiveSettings,
        isReady: @escaping @Sendable () -> Void
    ) throws {
        var options = settings.running.mountOptions.session
        options.name = folder.path
        let mount = try failing { [options] () throws(MountError) in try Mount(at: mountPoint, options: options) }
        if let warning = mountPoint.hiddenWarning { logger.warning("\(warning)") }
        if !mount.canResend {
            logger.notice("this kernel is older than Linux 6.9: requests under way fail when the worker crashes")
        }
        let supervisor = Supervisor(mount: mount, folder: folder, sockets: sockets, settings: settings, logger: logger)
        try supervisor.run(isReady: isReady)
    }

    /// Serves what a supervisor has mounted and bound.
    private func work(_ argument: String) throws {
        let inheritance = try Inheritance(argument: argument)
        let live = try inherit(inheritance.settings)
        let settings = live.running
        try settings.limits.raiseOpenFileLimit()
        let path = try settings.archivePath()
        guard let connection = inheritance.connection() else {
            throw ExitStatus(code: EX_USAGE, message: "--worker is for serve's own use")
        }
        let supervisor = inheritance.supervisor
        Thread.start {
            // It never sends anything: this returns when it is gone.
            var byte: UInt8 = 0
            while read(supervisor, &byte, 1) < 0, errno == EINTR {}
            _exit(EXIT_FAILURE)
        }
        let archive = try opening { () throws(ArchiveError) in
            let create = inheritance.past == .none
            let folder = try ArchiveFolder.open(path, create: create, inheriting: inheritance.lock)
            return try Archive(folder: folder, limits: settings.limits.ofArchive)
        }
        let sockets = try DICOMSockets.inherit(inheritance)
        let tls = try settings.tls.map { tls throws(ExitStatus) in try tls.context() }
        let isReady = { @Sendable in
            var byte: UInt8 = 1
            write(supervisor, &byte, 1)
        }
        let daemon = Daemon(
            archive: archive, settings: live, logger: logger, isWorker: true, isReady: { isReady() }, isEnding: {})
        let source = Daemon.MountSource.inherited(connection, inheritance.past)
        let isComplete = try daemon.run(source, sockets, tls)
        guard isComplete else { throw ExitCode.failure }
    }

    /// The settings that a supervisor hands over.
    private func inherit(_ descriptor: Int32?) throws -> LiveSettings {
        guard let descriptor else { return try LiveSettings(options.settings(), logger: logger, load: options.load) }
        let handed = try HandedSettings(descriptor: descriptor)
        return try configuring { () throws(SettingsError) in
            func settings(_ file: HandedSettings.File?) throws(SettingsError) -> Settings {
                try options.settings(file: file?.read())
            }
            return LiveSettings(
                try settings(handed.running), current: try settings(handed.current), logger: logger, load: options.load)
        }
    }

    private var logger: Logger { Logger(label: "dicomfs") { StreamLogHandler.standardError(label: $0) } }

    private func opening<Result>(_ body: () throws(ArchiveError) -> Result) throws(ExitStatus) -> Result {
        do { return try body() } catch {
            throw ExitStatus(code: error.code == .inUse ? EX_TEMPFAIL : EXIT_FAILURE, message: error.description)
        }
    }

    /// A mount inside the archive's folder, or the reverse, would show the archive to itself.
    private func checkApart(_ mount: String, _ archive: String) throws {
        let archive = Self.resolved(archive)
        func contains(_ outer: String, _ inner: String) -> Bool { inner == outer || inner.hasPrefix(outer + "/") }
        guard !contains(mount, archive), !contains(archive, mount) else {
            throw ExitStatus(
                code: EXIT_FAILURE,
                message:
                    "the mount point \(mount) and the archive \(archive) lie within each other; choose another place")
        }
    }

    /// A path without symbolic links, of which the last parts need not exist yet.
    private static func resolved(_ path: String) -> String {
        var existing = URL(fileURLWithPath: path).standardizedFileURL
        var missing: [String] = []
        while true {
            if let pointer = realpath(existing.path, nil) {
                defer { free(pointer) }
                return ([String(cString: pointer)] + missing.reversed()).joined(separator: "/")
            }
            guard existing.path != "/" else { return path }
            missing.append(existing.lastPathComponent)
            existing.deleteLastPathComponent()
        }
    }
}

/// Does what may fail with a sentence, and ends the program with it.
func failing<Result, Failure: Error & CustomStringConvertible>(
    _ body: () throws(Failure) -> Result
) throws(ExitStatus) -> Result {
    do { return try body() } catch { throw ExitStatus(code: EXIT_FAILURE, message: error.description) }
}
