import CFUSE
import Glibc
import Synchronization

/// A file system mounted in the kernel and served by this process: `fuse_session` of libfuse's low-level interface.
///
/// ``mount(_:at:options:)``, then ``run()`` on a thread of its own, once, until ``stop()`` or umount(8). Dropped before
/// it ran, it is unmounted.
package final class Session: @unchecked Sendable {
    /// How a session is mounted.
    package struct Options: Sendable {
        /// What the mount table calls the file system; here, the archive's folder.
        package var name = "dicomfs"
        /// The mount's type is `fuse.<subtype>`.
        package var subtype = "dicomfs"
        /// Whether users other than the mounting one may see the files, as far as their permissions go.
        package var allowOther = false
        /// Owner, group and permissions of every node.
        package var ownership = Ownership()
        /// Seconds for which the kernel need not ask again; what changes earlier is invalidated by a ``Notifier``.
        package var timeout = 86_400.0
        /// KiB the kernel reads ahead.
        package var readAhead = 1024

        /// The defaults.
        package init() {}
    }

    /// Requests so far.
    package let counters = Counters()
    /// Where it is mounted.
    package let mountPoint: MountPoint
    package let options: Options
    let fileSystem: any FileSystem
    private let handle: OpaquePointer
    /// Tells the kernel what changed.
    package let notifier: Notifier
    private let phase = Mutex(Phase.mounted)

    private enum Phase {
        case mounted
        /// In libfuse's loop, on this thread.
        case serving(pthread_t)
        case unmounting
        case ended
    }

    /// Mounts a file system. It answers once ``run()`` is called.
    package static func mount(
        _ fileSystem: some FileSystem, at mountPoint: MountPoint, options: Options
    ) throws(MountError) -> Session {
        guard access("/dev/fuse", R_OK | W_OK) == 0 else { throw .noDevice(errno) }
        Log.install()
        let session = try Session(fileSystem, mountPoint, options)
        guard fuse_session_mount(session.handle, mountPoint.path) == 0 else {
            throw .refused(at: mountPoint, allowOther: options.allowOther, reason: Log.takeLast())
        }
        session.raiseReadAhead()
        return session
    }

    private init(_ fileSystem: any FileSystem, _ mountPoint: MountPoint, _ options: Options) throws(MountError) {
        self.fileSystem = fileSystem
        self.mountPoint = mountPoint
        self.options = options
        // libfuse separates options by commas and takes `\,` for one within.
        let name = String(options.name.flatMap { $0 == "," || $0 == "\\" ? ["\\", $0] : [$0] })
        var list = "ro,default_permissions,fsname=\(name),subtype=\(options.subtype)"
        if options.allowOther { list += ",allow_other" }
        let arguments = ["dicomfs", "-o", list]
        var pointers = arguments.map { strdup($0) }
        defer { for pointer in pointers { free(pointer) } }
        var operations = Operations.table
        let context = SessionContext()
        let made = pointers.withUnsafeMutableBufferPointer { pointers in
            var arguments = fuse_args(argc: 3, argv: pointers.baseAddress, allocated: 0)
            defer { fuse_opt_free_args(&arguments) }
            return fuse_session_new(
                &arguments, &operations, MemoryLayout<fuse_lowlevel_ops>.size,
                Unmanaged.passUnretained(context).toOpaque())
        }
        guard let made else {
            let reason = Log.takeLast() ?? "libfuse failed"
            throw MountError(.failed, "cannot prepare the mount at \(mountPoint.path): \(reason)")
        }
        handle = made
        notifier = Notifier(handle: made)
        self.context = context
        context.session = self
    }

    private let context: SessionContext

    deinit {
        fuse_session_unmount(handle)
        fuse_session_destroy(handle)
    }

    /// Serves requests on several threads; returns when it is unmounted, by ``stop()`` or by another.
    package func run() {
        interruptWithoutAction(SIGURG)
        let isFirst = phase.withLock { phase in
            guard case .mounted = phase else { return false }
            phase = .serving(pthread_self())
            return true
        }
        guard isFirst else { return }
        let configuration = fuse_loop_cfg_create()
        fuse_loop_cfg_set_clone_fd(configuration, 0)
        fuse_session_loop_mt(handle, configuration)
        fuse_loop_cfg_destroy(configuration)
        end()
    }

    /// Unmounts, once the requests that are being served are answered, whoever still uses the files. When it returns, it
    /// is unmounted and ``run()`` about to return. From any thread, but not one that serves a request.
    package func stop() {
        // While requests are still served: a notification may wait for one.
        notifier.close()
        fuse_session_exit(handle)
        let isIdle = phase.withLock { phase in
            guard case .mounted = phase else { return false }
            phase = .unmounting
            return true
        }
        if isIdle { return end() }
        while isEnding() { usleep(1000) }
    }

    /// Whether it is not unmounted yet. The loop waits in sem_wait(3), which only a signal ends, and one that comes just
    /// before is lost: so each time one more.
    private func isEnding() -> Bool {
        phase.withLock { phase in
            if case .serving(let thread) = phase { pthread_kill(thread, SIGURG) }
            if case .ended = phase { return false }
            return true
        }
    }

    private func end() {
        phase.withLock { $0 = .unmounting }
        notifier.close()
        fuse_session_unmount(handle)
        phase.withLock { $0 = .ended }
    }

    func entry(_ attributes: Attributes) -> fuse_entry_param {
        var entry = fuse_entry_param()
        entry.ino = attributes.node
        entry.generation = 1
        entry.attr = options.ownership.status(of: attributes)
        entry.attr_timeout = timeout(attributes)
        entry.entry_timeout = timeout(attributes)
        return entry
    }

    func timeout(_ attributes: Attributes) -> Double { attributes.isKept ? options.timeout : 0 }

    /// Before the kernel agrees with ``Operations`` on the lesser. Without permission the kernel's own 128 KiB stay.
    private func raiseReadAhead() {
        guard let device = MountTable().mount(at: mountPoint.path)?.device,
            let file = fopen("/sys/class/bdi/\(device)/read_ahead_kb", "we")
        else { return }
        fputs("\(options.readAhead)", file)
        fclose(file)
    }
}

/// What libfuse hands to each callback: the way back to the session.
final class SessionContext: @unchecked Sendable {
    /// Set before the session is mounted, gone only after its loop has ended.
    unowned(unsafe) var session: Session?
}

/// Lets a signal end a system call of this thread and do nothing else. A thread may have it blocked from its maker: those
/// of Dispatch do.
private func interruptWithoutAction(_ signal: Int32) {
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in }
    sigemptyset(&action.sa_mask)
    action.sa_flags = 0
    sigaction(signal, &action, nil)
    var set = sigset_t()
    sigemptyset(&set)
    sigaddset(&set, signal)
    pthread_sigmask(SIG_UNBLOCK, &set, nil)
}
