import Glibc

/// The space of a file system: statvfs(3).
struct Space {
    /// Bytes in all.
    let total: UInt64
    /// Bytes that this process may still take.
    let free: UInt64

    /// The space of the file system that a folder is in, or will be; nil when it cannot be told.
    init?(of path: String) {
        var space = statvfs()
        let above = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        guard statvfs(path, &space) == 0 || statvfs(above, &space) == 0 else { return nil }
        total = UInt64(space.f_blocks) * UInt64(space.f_frsize)
        free = UInt64(space.f_bavail) * UInt64(space.f_frsize)
    }
}
