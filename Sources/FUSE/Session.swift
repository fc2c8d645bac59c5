import CFUSE
import Glibc
import Synchronization

/// The requests of a mount, answered by a file system in this process: `fuse_session` of libfuse's low-level interface.
///
/// ``run()`` on a thread of its own, once, until ``stop()`` or umount(8). The mount is this process's own
/// (``mount(_:at:options:)``) and is unmounted at the end, also when the session is dropped; or it is another's, and stays
/// for the session that comes next.
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
    package let options: Options
    let fileSystem: any FileSystem
    /// Tells the kernel what changed.
    package let notifier: Notifier
    private let device: Device
    /// To be unmounted at the end.
    private let mount: Mount?
    private let canResend: Bool
    private let phase = Mutex(Phase.idle)
    /// Answers that are still to come, from threads other than those of the loop.
    let deferredReplies = Atomic<Int>(0)

    private enum Phase {
        case idle
        /// In libfuse's loop, on this thread.
        case serving(pthread_t)
        case ending
        case ended
    }

    /// Mounts a file system. It answers once ``run()`` is called.
    package static func mount(
        _ fileSystem: some FileSystem, at mountPoint: MountPoint, options: Options
    ) throws(MountError) -> Session {
        let mount = try Mount(at: mountPoint, options: options)
        return try Session(fileSystem, mount.connection(), options, unmounting: mount)
    }

    /// A session for a mount that another process holds, and whose requests an earlier session may have left unanswered.
    package convenience init(
        _ fileSystem: some FileSystem, _ connection: Connection, options: Options
    ) throws(MountError) {
        try self.init(fileSystem, connection, options, unmounting: nil)
    }

    private init(
        _ fileSystem: any FileSystem, _ connection: Connection, _ options: Options, unmounting mount: Mount?
    ) throws(MountError) {
        self.fileSystem = fileSystem
        self.options = options
        self.mount = mount
        canResend = connection.initialization.canResend
        device = try Device(options)
        notifier = Notifier(handle: device.handle)
        try device.adopt(connection)
        device.serve(self)
    }

    deinit { mount?.unmount() }

    /// Takes the mount away at once if it is this process's own, for an end that cannot be orderly.
    package func detach() { mount?.detach() }

    /// Serves requests on several threads; returns when it is unmounted, or after ``stop()``.
    package func run() {
        interruptWithoutAction(SIGURG)
        let isFirst = phase.withLock { phase in
            guard case .idle = phase else { return false }
            phase = .serving(pthread_self())
            return true
        }
        guard isFirst else { return }
        // What an earlier session took and did not answer, if the kernel can do that (Linux 6.9). Else each thread has a
        // descriptor of its own, so that at least such requests fail when their process is gone.
        if mount == nil, canResend { notifier.resendRequests() }
        let configuration = fuse_loop_cfg_create()
        fuse_loop_cfg_set_clone_fd(configuration, mount == nil && !canResend ? 1 : 0)
        fuse_session_loop_mt(device.handle, configuration)
        fuse_loop_cfg_destroy(configuration)
        end()
    }

    /// Ends ``run()``, once the requests that are being served are answered, and unmounts what this process has mounted,
    /// whoever still uses the files. When it returns, that is done and ``run()`` about to return. From any thread, but not
    /// one that serves a request.
    package func stop() {
        // While requests are still served: a notification may wait for one.
        notifier.close()
        fuse_session_exit(device.handle)
        let isIdle = phase.withLock { phase in
            guard case .idle = phase else { return false }
            phase = .ending
            return true
        }
        if isIdle { return end() }
        while isEnding() { usleep(1000) }
    }

    /// Whether the end is still to come. The loop waits in sem_wait(3), which only a signal ends, and one that comes just
    /// before is lost: so each time one more.
    private func isEnding() -> Bool {
        phase.withLock { phase in
            if case .serving(let thread) = phase { pthread_kill(thread, SIGURG) }
            if case .ended = phase { return false }
            return true
        }
    }

    private func end() {
        phase.withLock { $0 = .ending }
        notifier.close()
        mount?.unmount()
        while deferredReplies.load(ordering: .acquiring) > 0 { usleep(1000) }
        device.disconnect()
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
