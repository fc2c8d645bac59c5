import FUSE
import Glibc
import TestSupport
import Testing

/// Every call that would change a mount.
@Suite(.serialized)
struct ReadOnlyTests {
    struct Change: CustomTestStringConvertible {
        var testDescription: String
        var call: @Sendable (_ file: String, _ folder: String) -> Int32

        init(_ name: String, _ call: @escaping @Sendable (String, String) -> Int32) {
            testDescription = name
            self.call = call
        }
    }

    static let changes = [
        Change("open for writing") { file, _ in open(file, O_WRONLY) },
        Change("open for reading and writing") { file, _ in open(file, O_RDWR) },
        Change("open to empty") { file, _ in open(file, O_RDONLY | O_TRUNC) },
        Change("creat") { _, folder in creat(folder + "/new", 0o600) },
        Change("open without a name") { _, folder in open(folder, 0o20000000 | O_DIRECTORY | O_RDWR, 0o600) },
        Change("truncate") { file, _ in truncate(file, 0) },
        Change("mkdir") { _, folder in mkdir(folder + "/new", 0o700) },
        Change("rmdir") { _, folder in rmdir(folder) },
        Change("unlink") { file, _ in unlink(file) },
        Change("rename") { file, folder in rename(file, folder + "/new") },
        Change("link") { file, folder in link(file, folder + "/new") },
        Change("symlink") { file, folder in symlink(file, folder + "/new") },
        Change("mkfifo") { _, folder in mkfifo(folder + "/new", 0o600) },
        Change("mknod") { _, folder in mknod(folder + "/new", S_IFREG | 0o600, 0) },
        Change("chmod") { file, _ in chmod(file, 0o777) },
        Change("chown") { file, _ in chown(file, 1, 1) },
        Change("utimensat") { file, _ in utimensat(AT_FDCWD, file, nil, 0) },
    ]

    @Test(arguments: changes) func `every change is EROFS`(change: Change) throws {
        let tree = TestTree()
        let folder = tree.add("folder")
        tree.add("file", in: folder, [1])
        let mount = try TestMount(tree)
        #expect(code(change.call(mount.appending("folder/file"), mount.appending("folder"))) == EROFS)
        #expect(Directory.names(mount.appending("folder")) == ["file"])
    }

    @Test(.enabled(if: Python.path != nil, "\(Python.missing)"))
    func `extended attributes are neither there nor taken`() throws {
        let tree = TestTree()
        tree.add("file", [1])
        let mount = try TestMount(tree)
        let script = """
            import os, sys
            def code(call, *arguments):
                try: call(*arguments)
                except OSError as error: return error.errno
            file = sys.argv[1]
            print(code(os.setxattr, file, 'user.a', b'b'), code(os.removexattr, file, 'user.a'),
                code(os.getxattr, file, 'user.a'))
            """
        let found = try Python.run(script, [mount.appending("file")])
        #expect(found.output == "\(EROFS) \(EROFS) \(EOPNOTSUPP)\n")
    }
}
