import FUSE
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing
import Threads

/// How mounts begin and end.
@Suite(.serialized)
struct SessionTests {
    let tree = TestTree()

    private func failure(_ path: String) -> MountError? {
        do throws(MountError) {
            _ = try MountPoint(path, subtype: TestMount.subtype)
            return nil
        } catch {
            return error
        }
    }

    @Test func `a missing mount point is refused, and how to make it is said`() throws {
        let folder = try TemporaryFolder()
        let error = try #require(failure(folder.appending("missing")))
        #expect(error.code == .badMountPoint)
        #expect(error.description.contains("mkdir -p \(folder.appending("missing"))"))
    }

    @Test func `a file is no mount point`() throws {
        let folder = try TemporaryFolder()
        let error = try #require(failure(try folder.write("file", [])))
        #expect(error.code == .badMountPoint)
        #expect(error.description.contains("not a directory"))
    }

    @Test func `a place where one of ours is served is refused, and stays`() throws {
        tree.add("file", [])
        let mount = try TestMount(tree)
        #expect(failure(mount.path)?.code == .busy)
        #expect(Directory.names(mount.path) == ["file"])
    }

    @Test func `the mount table has the name and the type`() throws {
        let mount = try TestMount(tree) { $0.name = "/a, folder\\x" }
        let line = try #require(
            String(contentsOfFile: "/proc/self/mounts", encoding: .utf8).split(separator: "\n")
                .first { $0.contains(mount.path) })
        #expect(line.hasPrefix("/a,\\040folder\\134x \(mount.path) fuse.\(TestMount.subtype) ro,"))
    }

    /// Mounts in another process, which is killed when the kernel has cached attributes of the root.
    private func leaveDead(at path: String) async {
        setenv("DICOMFS_TEST_DEAD_MOUNT", path, 1)
        await #expect(processExitsWith: .signal(SIGKILL)) {
            let path = try #require(ProcessInfo.processInfo.environment["DICOMFS_TEST_DEAD_MOUNT"])
            var options = Session.Options()
            options.subtype = TestMount.subtype
            let session = try Session.mount(
                TestTree(), at: try MountPoint(path, subtype: TestMount.subtype), options: options)
            Thread.start { session.run() }
            try #require(fileStatus(path) != nil)
            kill(getpid(), SIGKILL)
        }
    }

    @Test func `a mount of ours whose process was killed is cleared`() async throws {
        let folder = try TemporaryFolder()
        await leaveDead(at: folder.path)
        #expect(TestMount.isMounted(folder.path))
        #expect(failure(folder.path) == nil)
        #expect(!TestMount.isMounted(folder.path))
    }

    @Test func `a dead mount of another type is left alone`() async throws {
        let folder = try TemporaryFolder()
        await leaveDead(at: folder.path)
        defer { umount2(folder.path, Int32(MNT_DETACH)) }
        do throws(MountError) {
            _ = try MountPoint(folder.path, subtype: "another")
            Issue.record("it was taken")
        } catch {
            #expect(error.code == .busy)
            #expect(error.description.contains("fusermount3 -u \(folder.path)"))
        }
        #expect(TestMount.isMounted(folder.path))
    }

    @Test func `stop unmounts though files are open and mapped`() throws {
        tree.add("file", [UInt8](repeating: 7, count: 100_000))
        let mount = try TestMount(tree)
        let file = open(mount.appending("file"), O_RDONLY)
        defer { close(file) }
        let map = try #require(mmap(nil, 100_000, PROT_READ, MAP_PRIVATE, file, 0))
        defer { munmap(map, 100_000) }
        let directory = try #require(Directory(mount.path))
        mount.session.stop()
        try #require(!mount.isMounted)
        #expect(Directory.names(mount.path) == [".", ".."])
        var byte: UInt8 = 0
        #expect(code(pread(file, &byte, 1, 0)) == ENOTCONN)
        #expect(directory.names().count <= 1)
        mount.ended.wait()
    }

    @Test func `stop waits for a read that is being served, and its reader goes on`() throws {
        let node = tree.add("file", [1, 2, 3])
        let gate = Gate()
        tree.state.withLock { $0.gates[node] = gate }
        let mount = try TestMount(tree)
        let file = open(mount.appending("file"), O_RDONLY)
        defer { close(file) }
        let (readerDone, stopDone) = (Gate(), Gate())
        let count = Mutex(Int?.none)
        Thread.start {
            var buffer = [UInt8](repeating: 0, count: 3)
            let read = pread(file, &buffer, 3, 0)
            count.withLock { $0 = read }
            readerDone.open()
        }
        tree.readerWaits.wait()
        let session = mount.session
        Thread.start {
            session.stop()
            stopDone.open()
        }
        #expect(!stopDone.wait(milliseconds: 100))
        gate.open()
        #expect(stopDone.wait(milliseconds: 10_000))
        #expect(!mount.isMounted)
        #expect(readerDone.wait(milliseconds: 10_000))
        #expect(count.withLock { $0 } == 3)
    }

    @Test func `a session that never ran is unmounted by stop, and by being dropped`() throws {
        var mount: TestMount? = try TestMount(tree, isServed: false)
        #expect(mount?.isMounted == true)
        mount?.session.stop()
        #expect(mount?.isMounted == false)
        // Returns at once.
        mount?.session.run()

        let folder = try TemporaryFolder()
        var session: Session? = try Session.mount(
            tree, at: try MountPoint(folder.path, subtype: TestMount.subtype), options: Session.Options())
        #expect(session != nil)
        #expect(TestMount.isMounted(folder.path))
        session = nil
        mount = nil
        #expect(!TestMount.isMounted(folder.path))
    }

    @Test func `stop ends a session at whatever moment it comes`() throws {
        for round in 0..<40 {
            let mount = try TestMount(tree)
            if round % 2 == 1 { #expect(fileStatus(mount.path) != nil) }
            mount.session.stop()
            #expect(mount.ended.wait(milliseconds: 10_000))
            #expect(!mount.isMounted)
        }
    }

    @Test func `umount by another ends the session, and notifications then do nothing`() throws {
        let mount = try TestMount(tree)
        #expect(fileStatus(mount.path) != nil)
        #expect(try run("umount", [mount.path]).status == 0)
        #expect(mount.ended.wait(milliseconds: 10_000))
        #expect(!mount.session.notifier.invalidate(TestTree.root))
    }
}
