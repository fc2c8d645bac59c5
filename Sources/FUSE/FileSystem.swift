import CFUSE
import Glibc

/// A read-only file system without open files: every request names a node, and nothing is remembered between requests.
///
/// Requests come from many threads at once and may block. Each is answered through its reply, exactly once; a reply that
/// is dropped answers EIO. The bytes and the size behind a node must never change; a node that is gone answers ESTALE.
package protocol FileSystem: Sendable {
    /// The node with a name of at most 255 bytes in a directory (LOOKUP); ENOENT when there is none. NFS asks for `.` and
    /// `..` too.
    func lookUp(_ name: String, in parent: UInt64, _ reply: consuming EntryReply)

    /// A node's attributes (GETATTR).
    func attributes(of node: UInt64, _ reply: consuming AttributesReply)

    /// The entries of a directory that come after a cookie, in the order of their cookies, as many as the reply takes
    /// (READDIRPLUS). Cookie 0 stands before the first entry.
    func readDirectory(_ node: UInt64, after cookie: UInt64, _ reply: consuming DirectoryReply)

    /// The bytes of a file in a range; what lies beyond its end is left out (READ).
    func read(_ node: UInt64, _ range: Range<Int>, _ reply: consuming DataReply)

    /// How full the file system is (STATFS).
    func statistics(_ reply: consuming StatisticsReply)
}

/// What stat(2) shows of a node.
package struct Attributes: Sendable {
    /// The inode number.
    package var node: UInt64
    /// Whether it is a directory; else it is a regular file.
    package var isDirectory: Bool
    /// Bytes.
    package var size: UInt64
    /// Nanoseconds since 1970-01-01 UTC.
    package var modified: UInt64
    /// Whether the kernel may remember them, and the name they came with, until a ``Notifier`` tells it. Else it asks each
    /// time.
    package var isKept = true

    /// The attributes of one node.
    package init(node: UInt64, isDirectory: Bool, size: UInt64 = 0, modified: UInt64) {
        self.node = node
        self.isDirectory = isDirectory
        self.size = size
        self.modified = modified
    }
}

/// Who owns the files of a mount and who may see them: the same for every node.
package struct Ownership: Sendable {
    /// The owner of every node.
    package var user: UInt32 = getuid()
    /// The group of every node.
    package var group: UInt32 = getgid()
    /// Permission bits that nothing has. Without it files are 0440 and directories 0550.
    package var mask: UInt32 = 0o007

    /// The mounting user's.
    package init() {}

    func status(of attributes: Attributes) -> stat {
        var status = stat()
        status.st_ino = UInt(attributes.node)
        status.st_mode = attributes.isDirectory ? S_IFDIR | (0o555 & ~mask) : S_IFREG | (0o444 & ~mask)
        // 1 also for directories: their number of subdirectories is not counted (as on Btrfs).
        status.st_nlink = 1
        status.st_uid = user
        status.st_gid = group
        status.st_size = Int(clamping: attributes.size)
        // Of files, what stdio and Python read at a time: the kernel makes four times as much of it at the beginning of a file
        // (`get_init_ra_size` in mm/readahead.c); of 128 KiB it would make 256. Of directories, what readdir(3) asks for.
        status.st_blksize = attributes.isDirectory ? 1 << 17 : 1 << 12
        status.st_blocks = Int(clamping: attributes.size / 512 + (attributes.size % 512 == 0 ? 0 : 1))
        let seconds = Int(attributes.modified / 1_000_000_000)
        let time = timespec(tv_sec: seconds, tv_nsec: Int(attributes.modified % 1_000_000_000))
        status.st_mtim = time
        status.st_ctim = time
        status.st_atim = time
        return status
    }
}

/// How full a file system is, as statfs(2) shows it.
package struct SpaceStatistics: Sendable {
    /// Bytes in all.
    package var totalBytes: UInt64
    /// Bytes free for anyone.
    package var freeBytes: UInt64
    /// Files in all.
    package var files: UInt64

    /// The statistics with these numbers.
    package init(totalBytes: UInt64, freeBytes: UInt64, files: UInt64) {
        self.totalBytes = totalBytes
        self.freeBytes = freeBytes
        self.files = files
    }

    var status: statvfs {
        var status = statvfs()
        status.f_bsize = 4096
        status.f_frsize = 4096
        status.f_blocks = UInt(totalBytes / 4096)
        status.f_bfree = UInt(freeBytes / 4096)
        status.f_bavail = UInt(freeBytes / 4096)
        status.f_files = UInt(files)
        status.f_namemax = UInt(NAME_MAX)
        return status
    }
}
