import CFUSE
import Glibc

extension MountError {
    /// `/dev/fuse` cannot be opened.
    ///
    /// - Parameter code: the errno(3) code of open(2) or access(2).
    package static func noDevice(_ code: Int32) -> MountError {
        let advice =
            switch code {
            case ENOENT, ENODEV, ENXIO:
                "load the kernel's module with `modprobe fuse`; a container must be given it (--device /dev/fuse)"
            case EACCES, EPERM:
                "let everybody use it, as udev does (chmod 666 /dev/fuse), or mount as root; a unit needs"
                    + " DeviceAllow=/dev/fuse, a container --device /dev/fuse"
            default: "mount where FUSE is allowed"
            }
        return MountError(.unavailable, "cannot use /dev/fuse: \(text(code)); \(advice)")
    }

    /// The kernel, or fusermount3(1) where this process may not mount by itself, did not mount.
    ///
    /// - Parameters:
    ///   - place: where.
    ///   - allowOther: whether the files were to be seen by other users.
    ///   - reason: what is known of why; the causes that can be found out come first.
    package static func refused(at place: MountPoint, allowOther: Bool, reason: String?) -> MountError {
        let found = ProcessRights().mayMount ? nil : obstacle(at: place.path, allowOther: allowOther)
        let (code, cause) = found ?? (.failed, reason ?? "fusermount3 refuses, with its reason above")
        return MountError(code, "cannot mount at \(place.path): \(cause)")
    }

    /// What keeps fusermount3 from mounting for this process.
    private static func obstacle(at path: String, allowOther: Bool) -> (Code, String)? {
        if ProcessRights().hasNoNewPrivileges {
            return (
                .unavailable,
                "fusermount3 needs rights that NoNewPrivileges denies to it; in a systemd unit remove NoNewPrivileges= and"
                    + " what implies it (SystemCallFilter=, PrivateDevices=, RestrictNamespaces=, ...), elsewhere"
                    + " --no-new-privs, or mount as root"
            )
        }
        guard let program = fusermount() else {
            return (.unavailable, "there is no fusermount3; install it (apt-get install fuse3), or mount as root")
        }
        if geteuid() == 0 {
            return (
                .unavailable,
                "root has no CAP_SYS_ADMIN here; a container must be given it (--cap-add SYS_ADMIN), a unit must not take"
                    + " it away (CapabilityBoundingSet=)"
            )
        }
        var status = stat()
        var space = statvfs()
        guard stat(program, &status) == 0, status.st_mode & S_ISUID != 0, status.st_uid == 0,
            statvfs(program, &space) == 0, space.f_flag & UInt(ST_NOSUID) == 0
        else {
            return (
                .unavailable,
                "\(program) does not run as root; make it set-user-id (chown root \(program) && chmod u+s \(program)) on a"
                    + " file system that is not mounted nosuid, or mount as root"
            )
        }
        if allowOther, !isAllowOtherAllowed() {
            return (
                .unavailable,
                "allow_other needs the line `user_allow_other` in /etc/fuse.conf, which only root can write; or leave"
                    + " allow_other out"
            )
        }
        if access(path, W_OK) != 0 {
            return (
                .badMountPoint,
                "user \(getuid()) cannot write there; mount at a folder of this user's own (chown \(getuid()) \(path))"
            )
        }
        return nil
    }

    /// Where libfuse finds it.
    private static func fusermount() -> String? {
        ["/usr/bin", "/bin", "/usr/local/bin", "/usr/sbin", "/sbin"].map { "\($0)/fusermount3" }
            .first { access($0, X_OK) == 0 }
    }

    /// Whether mount.fuse3(8)'s settings let users other than root mount for others.
    private static func isAllowOtherAllowed() -> Bool {
        guard let file = fopen("/etc/fuse.conf", "re") else { return false }
        defer { fclose(file) }
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        while getline(&line, &capacity, file) > 0 {
            guard let line else { break }
            let words = String(cString: line).prefix { $0 != "#" }.split { $0.isWhitespace }
            if words == ["user_allow_other"] { return true }
        }
        return false
    }

    private static func text(_ code: Int32) -> String { String(cString: strerror(code)) }
}
