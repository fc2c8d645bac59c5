import CFUSE
import Glibc

/// A file system mounted in the kernel, whichever process answers its requests.
///
/// The kernel's first request is answered here, so that processes may come and go behind the mount: each takes a
/// ``connection()`` and serves it with a ``Session``. Usable from any thread; unmounted when dropped.
package final class Mount: @unchecked Sendable {
    /// Where it is.
    package let point: MountPoint
    private let device: Device
    private let initialization: Initialization

    /// Mounts. Requests wait until a session serves them.
    package init(at point: MountPoint, options: Session.Options) throws(MountError) {
        guard access("/dev/fuse", R_OK | W_OK) == 0 else { throw .noDevice(errno) }
        self.point = point
        device = try Device(options)
        guard fuse_session_mount(device.handle, point.path) == 0 else {
            throw .refused(at: point, allowOther: options.allowOther, reason: Log.takeLast())
        }
        Self.raiseReadAhead(of: point, to: options.readAhead)
        do { initialization = try device.answerInitialization() } catch {
            fuse_session_unmount(device.handle)
            throw error
        }
    }

    deinit { unmount() }

    /// What a session serves it by, with a descriptor of its own.
    package func connection() -> Connection {
        Connection(
            descriptor: fcntl(fuse_session_fd(device.handle), F_DUPFD_CLOEXEC, 3), initialization: initialization)
    }

    /// Whether it is unmounted, by ``unmount()`` or by another, and no one uses its files any more.
    package var isGone: Bool {
        var device = pollfd(fd: fuse_session_fd(device.handle), events: 0, revents: 0)
        return poll(&device, 1, 0) != 0
    }

    /// Unmounts, whoever still uses the files. What they ask for later fails once no process has the connection open.
    package func unmount() { fuse_session_unmount(device.handle) }

    /// Unmounts, and fails all requests, those that no process will answer among them.
    package func abort() {
        // It ends the requests in any case, but does not unmount what is in use.
        if umount2(point.path, Int32(MNT_FORCE)) != 0, errno == EBUSY { point.detach() }
        unmount()
    }

    /// Before the kernel agrees with ``Operations`` on the lesser. Without permission the kernel's own 128 KiB stay.
    private static func raiseReadAhead(of point: MountPoint, to kilobytes: Int) {
        guard let device = MountTable().mount(at: point.path)?.device,
            let file = fopen("/sys/class/bdi/\(device)/read_ahead_kb", "we")
        else { return }
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
