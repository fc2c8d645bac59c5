import CFUSE
import Glibc
import Synchronization

/// A file system mounted in the kernel, whichever process answers its requests.
///
/// The kernel's first request is answered here, so that processes may come and go behind the mount: each takes a
/// ``connection()`` and serves it with a ``Session``. Usable from any thread; unmounted when dropped.
package final class Mount: @unchecked Sendable {
    /// Where it is.
    package let point: MountPoint
    private let device: Device
    private let initialization: Initialization
    /// `major:minor` of the file system: what tells it from others that are mounted at the same place.
    private let number: String?
    private let isUnmounted = Mutex(false)

    /// Mounts. Requests wait until a session serves them.
    package init(at point: MountPoint, options: Session.Options) throws(MountError) {
        guard access("/dev/fuse", R_OK | W_OK) == 0 else { throw .noDevice(errno) }
        self.point = point
        device = try Device(options)
        guard fuse_session_mount(device.handle, point.path) == 0 else {
            throw .refused(at: point, allowOther: options.allowOther, reason: Log.takeLast())
        }
        number = MountTable().mount(at: point.path)?.device
        if let number { Self.raiseReadAhead(of: number, to: options.readAhead) }
        do { initialization = try device.answerInitialization() } catch {
            fuse_session_unmount(device.handle)
            throw error
        }
    }

    deinit { unmount() }

    /// What a session serves it by, with a descriptor of its own.
    package func connection() throws(MountError) -> Connection {
        let descriptor = fcntl(fuse_session_fd(device.handle), F_DUPFD_CLOEXEC, 3)
        guard descriptor >= 0 else {
            throw MountError(.failed, "cannot use the mount at \(point.path): \(String(cString: strerror(errno)))")
        }
        return Connection(descriptor: descriptor, initialization: initialization)
    }

    /// Whether a session's unanswered requests can be had by the next one (Linux 6.9). Else they fail with its process.
    package var canResend: Bool { initialization.canResend }

    /// Whether the kernel has no more requests: it is unmounted by another and no one uses its files any more, or its
    /// connection was aborted (``isInPlace`` then).
    package var isGone: Bool {
        var device = pollfd(fd: fuse_session_fd(device.handle), events: 0, revents: 0)
        return poll(&device, 1, 0) != 0
    }

    /// Whether it is what is mounted at its place, on top of all else. After `umount -l` another may be.
    package var isInPlace: Bool { number != nil && MountTable().mount(at: point.path)?.device == number }

    /// Lets go of the connection, and unmounts if it is still in place, whoever still uses the files. What they ask for later
    /// fails once no process has the connection open.
    package func unmount() {
        isUnmounted.withLock { isUnmounted in
            guard !isUnmounted else { return }
            isUnmounted = true
            // First, as libfuse does: who unmounts might look at it, and nobody would answer.
            device.disconnect()
            detach()
        }
    }

    /// Takes it out of its place at once, if it is still there, for an end that cannot be orderly. By its path, for which
    /// there is no better way: who mounts another there just then loses that.
    package func detach() { if isInPlace { _ = MountPoint.unmount(point.path) } }

    /// Unmounts, and fails all requests, those that no process will answer among them.
    package func abort() {
        // It ends the requests, but does not unmount what is in use.
        if isInPlace { umount2(point.path, Int32(MNT_FORCE)) }
        unmount()
    }

    /// Before the kernel agrees with ``Operations`` on the lesser. Without permission the kernel's own 128 KiB stay.
    private static func raiseReadAhead(of number: String, to kilobytes: Int) {
        guard let file = fopen("/sys/class/bdi/\(number)/read_ahead_kb", "we") else { return }
        fputs("\(kilobytes)", file)
        fclose(file)
    }
}

/// A mount's connection to the kernel, for one session after another: a descriptor of /dev/fuse, and the request that
/// every libfuse has to see first.
package struct Connection: Sendable {
    /// Belongs to the session that takes it.
    package let descriptor: Int32
    /// The kernel's first request, answered already.
    package let initialization: Initialization

    /// One that another process has handed over.
    package init(descriptor: Int32, initialization: Initialization) {
        self.descriptor = descriptor
        self.initialization = initialization
    }
}
