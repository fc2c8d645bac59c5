import CFUSE
import Glibc

/// A directory that a file system is to be mounted at.
package struct MountPoint: Sendable {
    /// The directory, absolute and without symbolic links.
    package let path: String

    /// A place for a mount of this type; a stale one of ours there, left by a process that was killed, is cleared.
    ///
    /// - Parameters:
    ///   - path: an existing directory.
    ///   - subtype: what our mounts are called: their type is `fuse.<subtype>`.
    package init(_ path: String, subtype: String) throws(MountError) {
        let absolute = Self.absolute(path)
        try Self.clearStale(absolute, type: "fuse.\(subtype)")
        if Self.isDead(absolute) {
            throw MountError(
                .busy, "\(absolute) is a dead mount of another file system; unmount it with fusermount3 -u \(absolute)")
        }
        var status = stat()
        guard stat(absolute, &status) == 0 else {
            let code = errno
            let advice =
                switch code {
                case ENOENT: "; make it with mkdir -p \(absolute)"
                case EACCES:
                    "; user \(geteuid()) must be able to reach it: choose another place or mount as another user"
                default: ""
                }
            throw MountError(
                .badMountPoint, "cannot mount at \(absolute): \(String(cString: strerror(code)))\(advice)")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw MountError(.badMountPoint, "cannot mount at \(absolute): it is not a directory")
        }
        if let mount = MountTable().mount(at: absolute), mount.type == "fuse.\(subtype)" {
            throw MountError(
                .busy,
                "\(absolute) is mounted by another dicomfs, which is running; choose another place, or end that with umount \(absolute)"
            )
        }
        self.path = absolute
    }

    /// A path as the mount table has it: the parent is resolved, but not the last part, which may be a dead mount.
    private static func absolute(_ path: String) -> String {
        func resolved(_ path: String) -> String? {
            guard let pointer = realpath(path, nil) else { return nil }
            defer { free(pointer) }
            return String(cString: pointer)
        }
        if let whole = resolved(path) { return whole }
        var parts = path.split(separator: "/", omittingEmptySubsequences: false)
        while parts.last == "", parts.count > 1 { parts.removeLast() }
        guard let last = parts.popLast(), !last.isEmpty else { return path }
        let parent = parts.isEmpty ? "." : parts.joined(separator: "/")
        return (resolved(parent.isEmpty ? "/" : parent) ?? parent) + "/" + last
    }

    private static func clearStale(_ path: String, type: String) throws(MountError) {
        // Several may lie on each other.
        for _ in 0..<16 {
            guard isDead(path), MountTable().mount(at: path)?.type == type else { return }
            guard unmount(path) else {
                throw MountError(
                    .busy, "the stale mount at \(path) cannot be cleared; unmount it with fusermount3 -uz \(path)")
            }
        }
    }

    /// Whether a FUSE mount is there whose process is gone. Asked of statfs(2): the kernel still answers stat(2) from what
    /// it has cached.
    private static func isDead(_ path: String) -> Bool {
        var space = statvfs()
        return statvfs(path, &space) != 0 && errno == ENOTCONN
    }

    /// Takes the topmost mount away, at once for new users and when the last one ends for those there are.
    static func unmount(_ path: String) -> Bool {
        if umount2(path, Int32(MNT_DETACH)) == 0 { return true }
        return run(["fusermount3", "-u", "-z", "--", path])
    }

    /// Runs a program to its end; whether it succeeded.
    private static func run(_ arguments: [String]) -> Bool {
        var pointers = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var process = pid_t()
        guard let program = pointers[0], posix_spawnp(&process, program, nil, nil, &pointers, environ) == 0 else {
            return false
        }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        return status == 0
    }
}
