import FUSE
import Glibc
import TestSupport
import Testing

/// Every call that would change a mount, and what it answers: the table of mount/README.md.
@Suite(.serialized)
struct ReadOnlyTests {
    /// What changes the tree is EROFS, whoever asks.
    static let changes = [
        "open O_WRONLY", "open O_RDWR", "open O_APPEND", "open O_TRUNC", "open O_CREAT", "creat", "open O_TMPFILE",
        "open O_TMPFILE in the root", "mkdir", "mkdir in the root", "mknod file", "mknod device", "mkfifo", "bind",
        "symlink", "link", "link to another name", "rename", "rename into the root", "rename RENAME_NOREPLACE",
        "rename RENAME_EXCHANGE", "rename directory", "unlink", "rmdir", "chmod", "chmod directory", "fchmod", "chown",
        "lchown", "fchown", "utimensat", "utimensat now", "futimens", "utimensat directory", "truncate",
        "truncate longer",
        "setxattr", "setxattr security", "setxattr directory", "fsetxattr", "removexattr", "FS_IOC_SETFLAGS",
        "FS_IOC_FSSETXATTR", "access W_OK", "access W_OK directory",
    ]

    /// What is answered otherwise, by the kernel on its own: there is no file open for writing.
    static let others: [(call: String, code: Int32)] = [
        ("ftruncate", EINVAL), ("write", EBADF), ("pwrite", EBADF), ("fallocate", EBADF), ("punch hole", EBADF),
        ("copy_file_range into it", EBADF), ("sendfile into it", EBADF), ("splice into it", EBADF),
        ("mmap shared for writing", EACCES), ("mprotect for writing", EACCES), ("execve", EACCES),
        ("open O_CREAT O_EXCL of what is there", EEXIST), ("mkdir of what is there", EEXIST),
        ("open O_WRONLY of a directory", EISDIR), ("link from another file system", EROFS),
        ("rename from another file system", EXDEV),
        // Of names and kinds.
        ("open an unknown name", ENOENT), ("stat an unknown name", ENOENT), ("unlink an unknown name", EROFS),
        ("open a name of 256 bytes", ENAMETOOLONG), ("stat a name of 256 bytes", ENAMETOOLONG),
        ("stat a name of 255 bytes", ENOENT), ("stat below a file", ENOTDIR), ("opendir of a file", ENOTDIR),
        ("read a directory", EISDIR), ("readlink", EINVAL), ("getxattr", EOPNOTSUPP), ("access R_OK", 0),
        ("mmap shared for reading", 0), ("mmap private for writing", 0), ("flock", 0), ("fsync", 0),
    ]

    @Test(arguments: [0, owner]) func `every change is refused with its code`(user: Int) throws {
        let tree = TestTree()
        let folder = tree.add("folder")
        tree.add("file", in: folder, [1])
        tree.add("other", in: folder, [2])
        tree.add("empty", in: folder)
        let mount = try TestMount(tree) {
            $0.allowOther = true
            $0.ownership.user = UInt32(Self.owner)
            // All that there may be.
            $0.ownership.mask = 0
        }
        chmod(mount.folder.path, 0o711)
        let scratch = try mount.folder.makeFolder("scratch")
        chown(scratch, uid_t(user), 0)
        let done = try run(
            "setpriv",
            [
                "--reuid=\(user)", "--regid=\(user)", "--clear-groups", "/usr/bin/python3", "-c", Self.calls,
                mount.path, scratch,
            ])
        #expect(done.status == 0, "\(done.errors)")
        let expected = Self.changes.map { ($0, EROFS) } + Self.others.map { ($0.call, $0.code) }
        let answers = done.output.split(separator: "\n").map { $0.split(separator: "=").map { String($0) } }
        let found = Dictionary(uniqueKeysWithValues: answers.map { ($0[0], Int32($0[1]) ?? -1) })
        #expect(found.count == expected.count)
        for (call, code) in expected { #expect(found[call] == code, "\(call)") }
        #expect(Directory.names(mount.path) == ["folder"])
        #expect(Directory.names(mount.appending("folder")) == ["file", "other", "empty"])
    }

    private static let owner = 65534

    private static let calls = """
        import ctypes, fcntl, mmap, os, socket, stat, struct, sys
        mount, scratch = sys.argv[1:]
        folder = mount + '/folder'
        file, other, empty, new = [folder + '/' + name for name in ('file', 'other', 'empty', 'new')]
        libc = ctypes.CDLL(None, use_errno=True)
        def libc_call(name, *arguments):
            if getattr(libc, name)(*arguments) < 0: raise OSError(ctypes.get_errno(), name)
        def rename2(old, new, flags): libc_call('renameat2', -100, old.encode(), -100, new.encode(), flags)
        def closing(flags, use, path=file):
            descriptor = os.open(path, flags)
            try: return use(descriptor)
            finally: os.close(descriptor)
        def reading(use, path=file): return closing(os.O_RDONLY, use, path)
        def opening(flags, path=file): return closing(flags, lambda descriptor: None, path)
        source = scratch + '/source'
        with open(source, 'wb') as made: made.write(bytes(4096))
        def sending(descriptor): return reading(lambda input: os.sendfile(descriptor, input, 0, 1), source)
        def splicing(descriptor):
            output, input = os.pipe()
            os.write(input, b'x')
            try: os.splice(output, descriptor, 1)
            finally: os.close(output); os.close(input)
        def mapping(descriptor, kind, access):
            libc.mmap.restype = ctypes.c_void_p
            place = libc.mmap(None, ctypes.c_size_t(4096), access, kind, descriptor, ctypes.c_long(0))
            if place == ctypes.c_void_p(-1).value: raise OSError(ctypes.get_errno(), 'mmap')
            return ctypes.c_void_p(place)
        def protecting(descriptor):
            libc_call('mprotect', mapping(descriptor, mmap.MAP_SHARED, mmap.PROT_READ), ctypes.c_size_t(4096),
                mmap.PROT_READ | mmap.PROT_WRITE)
        READ, WRITE = mmap.PROT_READ, mmap.PROT_READ | mmap.PROT_WRITE
        def may(path, how):
            libc_call('access', path.encode(), how)
        def binding():
            with socket.socket(socket.AF_UNIX) as door:
                os.chdir(folder); door.bind('new')
        SETFLAGS, FSSETXATTR, FALLOC_KEEP_PUNCH = 0x40086602, 0x401c5820, 3
        calls = {
            'open O_WRONLY': lambda: opening(os.O_WRONLY),
            'open O_RDWR': lambda: opening(os.O_RDWR),
            'open O_APPEND': lambda: opening(os.O_WRONLY | os.O_APPEND),
            'open O_TRUNC': lambda: opening(os.O_RDONLY | os.O_TRUNC),
            'open O_CREAT': lambda: opening(os.O_RDONLY | os.O_CREAT, new),
            'creat': lambda: opening(os.O_WRONLY | os.O_CREAT | os.O_TRUNC, new),
            'open O_TMPFILE': lambda: opening(os.O_TMPFILE | os.O_RDWR, folder),
            'open O_TMPFILE in the root': lambda: opening(os.O_TMPFILE | os.O_RDWR, mount),
            'mkdir': lambda: os.mkdir(new),
            'mkdir in the root': lambda: os.mkdir(mount + '/new'),
            'mknod file': lambda: os.mknod(new, stat.S_IFREG | 0o600),
            'mknod device': lambda: os.mknod(new, stat.S_IFCHR | 0o600, os.makedev(1, 3)),
            'mkfifo': lambda: os.mkfifo(new),
            'bind': binding,
            'symlink': lambda: os.symlink('file', new),
            'link': lambda: os.link(file, new),
            'link to another name': lambda: os.link(file, mount + '/new'),
            'rename': lambda: os.rename(file, new),
            'rename into the root': lambda: os.rename(file, mount + '/new'),
            'rename RENAME_NOREPLACE': lambda: rename2(file, new, 1),
            'rename RENAME_EXCHANGE': lambda: rename2(file, other, 2),
            'rename directory': lambda: os.rename(empty, new),
            'unlink': lambda: os.unlink(file),
            'rmdir': lambda: os.rmdir(empty),
            'chmod': lambda: os.chmod(file, 0o777),
            'chmod directory': lambda: os.chmod(folder, 0o777),
            'fchmod': lambda: reading(lambda f: os.fchmod(f, 0o777)),
            'chown': lambda: os.chown(file, os.getuid(), os.getgid()),
            'lchown': lambda: os.lchown(file, os.getuid(), os.getgid()),
            'fchown': lambda: reading(lambda f: os.fchown(f, os.getuid(), os.getgid())),
            'utimensat': lambda: os.utime(file, (1, 1)),
            'utimensat now': lambda: os.utime(file),
            'futimens': lambda: reading(lambda f: os.utime(f, (1, 1))),
            'utimensat directory': lambda: os.utime(folder, (1, 1)),
            'truncate': lambda: os.truncate(file, 0),
            'truncate longer': lambda: os.truncate(file, 1 << 40),
            'setxattr': lambda: os.setxattr(file, 'user.a', b'b'),
            'setxattr security': lambda: os.setxattr(file, 'security.a', b'b'),
            'setxattr directory': lambda: os.setxattr(folder, 'user.a', b'b'),
            'fsetxattr': lambda: reading(lambda f: os.setxattr(f, 'user.a', b'b')),
            'removexattr': lambda: os.removexattr(file, 'user.a'),
            'FS_IOC_SETFLAGS': lambda: reading(lambda f: fcntl.ioctl(f, SETFLAGS, struct.pack('l', 0x10))),
            'FS_IOC_FSSETXATTR': lambda: reading(lambda f: fcntl.ioctl(f, FSSETXATTR, bytes(28))),
            'access W_OK': lambda: may(file, os.W_OK),
            'access W_OK directory': lambda: may(folder, os.W_OK),

            'ftruncate': lambda: reading(lambda f: os.ftruncate(f, 0)),
            'write': lambda: reading(lambda f: os.write(f, b'x')),
            'pwrite': lambda: reading(lambda f: os.pwrite(f, b'x', 0)),
            'fallocate': lambda: reading(lambda f: libc_call('fallocate', f, 0, ctypes.c_long(0), ctypes.c_long(9))),
            'punch hole': lambda: reading(
                lambda f: libc_call('fallocate', f, FALLOC_KEEP_PUNCH, ctypes.c_long(0), ctypes.c_long(1))),
            'copy_file_range into it': lambda: reading(
                lambda f: reading(lambda input: os.copy_file_range(input, f, 1, 0, 0), source)),
            'sendfile into it': lambda: reading(sending),
            'splice into it': lambda: reading(splicing),
            'mmap shared for writing': lambda: reading(lambda f: mapping(f, mmap.MAP_SHARED, WRITE)),
            'mprotect for writing': lambda: reading(protecting),
            'execve': lambda: os.execv(file, [file]),
            'open O_CREAT O_EXCL of what is there': lambda: opening(os.O_RDONLY | os.O_CREAT | os.O_EXCL),
            'mkdir of what is there': lambda: os.mkdir(empty),
            'open O_WRONLY of a directory': lambda: opening(os.O_WRONLY, folder),
            'link from another file system': lambda: os.link(source, new),
            'rename from another file system': lambda: os.rename(source, new),

            'open an unknown name': lambda: opening(os.O_RDONLY, new),
            'stat an unknown name': lambda: os.stat(new),
            'unlink an unknown name': lambda: os.unlink(new),
            'open a name of 256 bytes': lambda: opening(os.O_RDONLY, folder + '/' + 256 * 'a'),
            'stat a name of 256 bytes': lambda: os.stat(folder + '/' + 256 * 'a'),
            'stat a name of 255 bytes': lambda: os.stat(folder + '/' + 255 * 'a'),
            'stat below a file': lambda: os.stat(file + '/a'),
            'opendir of a file': lambda: os.listdir(file),
            'read a directory': lambda: reading(lambda f: os.read(f, 1), folder),
            'readlink': lambda: os.readlink(file),
            'getxattr': lambda: os.getxattr(file, 'user.a'),
            'access R_OK': lambda: may(file, os.R_OK),
            'mmap shared for reading': lambda: reading(lambda f: mapping(f, mmap.MAP_SHARED, READ)),
            'mmap private for writing': lambda: reading(lambda f: mapping(f, mmap.MAP_PRIVATE, WRITE)),
            'flock': lambda: reading(lambda f: fcntl.flock(f, fcntl.LOCK_EX)),
            'fsync': lambda: reading(os.fsync),
        }
        for name, call in calls.items():
            try: call(); code = 0
            except OSError as error: code = error.errno
            print(name, code, sep='=')
        """
}
