import FUSE
import Glibc
import TestSupport
import Testing
import Threads

/// A mount that one session after another serves.
@Suite(.serialized)
struct HandOverTests {
    let folder: TemporaryFolder
    let mount: Mount
    let tree = TestTree()
    let file: UInt64

    init() throws {
        folder = try TemporaryFolder()
        var options = Session.Options()
        options.subtype = TestMount.subtype
        mount = try Mount(at: try MountPoint(folder.path, subtype: TestMount.subtype), options: options)
        file = tree.add("file", [UInt8](repeating: 7, count: 300_000))
        let path = folder.path
        // A test that hangs on its own mount is to fail instead.
        Thread.start {
            sleep(60)
            umount2(path, Int32(MNT_FORCE))
        }
    }

    private func serve() throws -> Session {
        let session = try Session(tree, mount.connection(), options: Session.Options())
        Thread.start { session.run() }
        return session
    }

    @Test func `what waits while no session serves is answered by the next`() throws {
        try serve().stop()
        let done = Gate()
        let path = folder.path
        Thread.start {
            if fileStatus("\(path)/file")?.st_size == 300_000 { done.open() }
        }
        #expect(!done.wait(milliseconds: 100))
        let session = try serve()
        #expect(done.wait(milliseconds: 10_000))
        session.stop()
    }

    @Test func `open files, mappings, listings and working folders live on with the next session`() throws {
        let subfolder = tree.add("folder")
        for number in 0..<3000 { tree.add("entry \(number)", in: subfolder, [1]) }
        let first = try serve()
        let descriptor = open("\(folder.path)/file", O_RDONLY)
        let map = try #require(mmap(nil, 300_000, PROT_READ, MAP_PRIVATE, descriptor, 0))
        let directory = try #require(Directory("\(folder.path)/folder"))
        let opened = open("\(folder.path)/folder", O_RDONLY)
        let begun = (0..<10).compactMap { _ in directory.next()?.name }
        first.stop()
        let second = try serve()
        var byte: UInt8 = 0
        #expect(pread(descriptor, &byte, 1, 299_999) == 1)
        #expect(byte == 7)
        #expect((begun + directory.names()).count == 3000)
        var status = stat()
        #expect(fstatat(opened, "entry 2999", &status, 0) == 0)
        #expect(status.st_size == 1)
        munmap(map, 300_000)
        // The first close(2) is a request.
        close(descriptor)
        close(opened)
        second.stop()
    }

    @Test(.enabled(if: Kernel.isAtLeast(6, 16), "names are forgotten since Linux 6.16"))
    func `names that changed between two sessions are told by forgetAllNames`() throws {
        let subfolder = tree.add("folder")
        let old = tree.add("old", in: subfolder, [1])
        let path = "\(folder.path)/folder"
        let first = try serve()
        #expect(Directory.names(path) == ["old"])
        first.stop()
        tree.remove(old)
        tree.add("new", in: subfolder, [1])
        let second = try serve()
        #expect(Directory.names(path) == ["old"])
        #expect(fileStatus("\(path)/old") != nil)
        second.notifier.forgetAllNames()
        #expect(Directory.names(path) == ["new"])
        #expect(fileStatus("\(path)/old") == nil)
        second.stop()
    }

    @Test func `a mount is gone when another unmounts it, and when it is aborted`() throws {
        let session = try serve()
        #expect(fileStatus(folder.path) != nil)
        #expect(!mount.isGone)
        let blocked = Gate()
        session.stop()
        let path = folder.path
        Thread.start {
            if fileStatus("\(path)/file") == nil, errno == ECONNABORTED { blocked.open() }
        }
        #expect(!blocked.wait(milliseconds: 100))
        mount.abort()
        #expect(blocked.wait(milliseconds: 10_000))
        #expect(!TestMount.isMounted(path))
    }

    @Test func `what another mounts at the place after a lazy umount is left alone`() throws {
        let session = try serve()
        let file = open("\(folder.path)/file", O_RDONLY)
        #expect(try run("umount", ["-l", folder.path]).status == 0)
        #expect(!mount.isGone)
        #expect(!mount.isInPlace)
        #expect(try run("mount", ["-t", "tmpfs", "tmpfs", folder.path]).status == 0)
        close(file)
        session.stop()
        mount.abort()
        #expect(TestMount.isMounted(folder.path))
        umount2(folder.path, Int32(MNT_DETACH))
    }

    @Test func `a mount whose connection another aborted is taken away all the same`() throws {
        let session = try serve()
        let file = open("\(folder.path)/file", O_RDONLY)
        defer { close(file) }
        #expect(try run("umount", ["-f", folder.path]).status != 0)
        #expect(mount.isGone)
        #expect(mount.isInPlace)
        session.stop()
        mount.unmount()
        #expect(!TestMount.isMounted(folder.path))
    }
}
