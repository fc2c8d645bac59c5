import FUSE
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing
import Threads

/// A file system as programs see it through the kernel.
@Suite(.serialized)
struct MountedTreeTests {
    let tree = TestTree()

    private static func bytes(_ count: Int) -> [UInt8] {
        var number: UInt32 = 1
        return (0..<count).map { _ in
            number = number &* 1_664_525 &+ 1_013_904_223
            return UInt8(truncatingIfNeeded: number >> 24)
        }
    }

    @Test func `read and mmap give a file's bytes, and stat their number`() throws {
        let bytes = Self.bytes(1_300_001)
        let node = tree.add("file", bytes)
        let mount = try TestMount(tree)
        let status = try #require(fileStatus(mount.appending("file")))
        #expect(status.st_size == bytes.count)
        #expect(status.st_ino == UInt(node))
        #expect(status.st_mode == S_IFREG | 0o440)
        #expect(status.st_nlink == 1)
        #expect(status.st_uid == getuid())
        #expect(status.st_mtim.tv_sec == 1_600_000_000)
        #expect(status.st_mtim.tv_nsec == 123_456_789)

        let file = open(mount.appending("file"), O_RDONLY)
        defer { close(file) }
        var all = [UInt8](repeating: 0, count: 2_000_000)
        #expect(read(file, &all, all.count) == bytes.count)
        #expect(all.prefix(bytes.count).elementsEqual(bytes))
        let map = try #require(mmap(nil, bytes.count, PROT_READ, MAP_PRIVATE, file, 0))
        #expect(map != MAP_FAILED)
        #expect(memcmp(map, bytes, bytes.count) == 0)
        munmap(map, bytes.count)
    }

    @Test func `a read that begins beyond the end gives nothing, one across it the rest`() throws {
        tree.add("file", Self.bytes(5000))
        let mount = try TestMount(tree)
        let file = open(mount.appending("file"), O_RDONLY)
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 8192)
        #expect(pread(file, &buffer, 100, 5000) == 0)
        #expect(pread(file, &buffer, 100, 1 << 40) == 0)
        #expect(pread(file, &buffer, 8192, 4096) == 904)
        #expect(buffer.prefix(904).elementsEqual(Self.bytes(5000).suffix(904)))
    }

    @Test func `a listing goes on at every position that telldir gave`() throws {
        let folder = tree.add("folder")
        for number in 0..<300 { tree.add("entry \(number)", in: folder, []) }
        let mount = try TestMount(tree)
        let directory = try #require(Directory(mount.appending("folder")))
        var positions: [(position: Int, name: String)] = []
        while true {
            let position = directory.position
            guard let entry = directory.next() else { break }
            positions.append((position, entry.name))
        }
        #expect(positions.map(\.name) == (0..<300).map { "entry \($0)" })
        for (position, name) in positions.reversed() {
            directory.position = position
            #expect(directory.next()?.name == name)
        }
    }

    @Test func `only the first open of a file and of a directory reaches the file system`() throws {
        tree.add("file", [1])
        let mount = try TestMount(tree)
        #expect(Directory.names(mount.path) == ["file"])
        close(open(mount.appending("file"), O_RDONLY))
        let opens = mount.session.counters.opens.value
        #expect(opens == 2)
        for _ in 0..<10 {
            #expect(Directory.names(mount.path) == ["file"])
            close(open(mount.appending("file"), O_RDONLY))
        }
        #expect(mount.session.counters.opens.value == opens)
    }

    @Test func `ls and then ls -l looks no entry up`() throws {
        let folder = tree.add("folder")
        for number in 0..<2000 { tree.add("entry \(number)", in: folder, []) }
        let mount = try TestMount(tree)
        #expect(try run("ls", [mount.appending("folder")]).output.split(separator: "\n").count == 2000)
        let lookUps = mount.session.counters.lookUps.value
        let attributes = mount.session.counters.attributes.value
        let directories = mount.session.counters.directoriesPlus.value
        let long = try run("ls", ["-l", mount.appending("folder")])
        #expect(long.status == 0)
        #expect(long.output.split(separator: "\n").count == 2001)
        #expect(mount.session.counters.lookUps.value == lookUps)
        #expect(mount.session.counters.attributes.value == attributes)
        #expect(mount.session.counters.directoriesPlus.value == directories)
    }

    @Test func `entries listed by name only have type and inode number, and are looked up when wanted`() throws {
        let folder = tree.add("folder")
        let node = tree.add("file", in: folder, [1, 2, 3])
        tree.state.withLock { _ = $0.namesOnly.insert(folder) }
        let mount = try TestMount(tree)
        let entry = try #require(Directory(mount.appending("folder"))?.next())
        #expect(entry == ("file", UInt(node), UInt8(DT_REG)))
        let lookUps = mount.session.counters.lookUps.value
        #expect(fileStatus(mount.appending("folder/file"))?.st_size == 3)
        #expect(mount.session.counters.lookUps.value == lookUps + 1)
    }

    @Test func `a name that was missing is found as soon as it is there`() throws {
        let mount = try TestMount(tree)
        for number in 0..<100 {
            #expect(fileStatus(mount.appending("\(number)")) == nil)
            #expect(errno == ENOENT)
            tree.add("\(number)", [])
            #expect(fileStatus(mount.appending("\(number)")) != nil)
        }
    }

    @Test func `a listing is kept until its directory is invalidated`() throws {
        tree.add("old", [])
        let mount = try TestMount(tree)
        #expect(Directory.names(mount.path) == ["old"])
        tree.add("new", [])
        // Kept: without this the rest proves nothing.
        #expect(Directory.names(mount.path) == ["old"])
        mount.session.notifier.waitForRequests(in: TestTree.root)
        #expect(mount.session.notifier.invalidate(TestTree.root))
        #expect(Directory.names(mount.path) == ["old", "new"])
    }

    @Test func `a listing under way is waited for, and not kept`() throws {
        tree.add("old", [])
        let mount = try TestMount(tree)
        let (gate, listed, told) = (Gate(), Gate(), Gate())
        tree.state.withLock { $0.gates[TestTree.root] = gate }
        let (path, notifier) = (mount.path, mount.session.notifier)
        Thread.start {
            _ = Directory.names(path)
            listed.open()
        }
        // It has looked at what there is, and its answer is on the way.
        tree.readerWaits.wait()
        tree.add("new", [])
        Thread.start {
            notifier.waitForRequests(in: TestTree.root)
            notifier.invalidate(TestTree.root)
            told.open()
        }
        #expect(!told.wait(milliseconds: 50))
        gate.open()
        #expect(told.wait(milliseconds: 10_000))
        #expect(listed.wait(milliseconds: 10_000))
        #expect(Directory.names(mount.path) == ["old", "new"])
    }

    @Test func `a name that went is kept until its entry is invalidated`() throws {
        let node = tree.add("file", [1])
        let mount = try TestMount(tree)
        #expect(fileStatus(mount.appending("file")) != nil)
        tree.remove(node)
        #expect(fileStatus(mount.appending("file")) != nil)
        mount.session.notifier.invalidateEntry("file", in: TestTree.root)
        #expect(fileStatus(mount.appending("file")) == nil)
        #expect(errno == ENOENT)
        #expect(!mount.session.notifier.invalidate(99))
    }

    @Test func `bytes of a node that went are an error once it is invalidated`() throws {
        let node = tree.add("file", Self.bytes(10_000))
        let mount = try TestMount(tree)
        let file = open(mount.appending("file"), O_RDONLY)
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 100)
        #expect(pread(file, &buffer, 100, 0) == 100)
        tree.remove(node)
        mount.session.notifier.invalidate(node)
        #expect(code(pread(file, &buffer, 100, 0)) == ESTALE)
        var status = stat()
        #expect(code(fstat(file, &status)) == ESTALE)
    }

    @Test func `an entry that is not to be kept is looked up each time`() throws {
        tree.add("file", [1])
        tree.state.withLock { _ = $0.fleeting.insert("file") }
        let mount = try TestMount(tree)
        for _ in 0..<3 { #expect(fileStatus(mount.appending("file")) != nil) }
        #expect(mount.session.counters.lookUps.value == 3)
    }

    @Test func `a reply that is dropped is EIO`() throws {
        let file = tree.add("file", [1])
        let folder = tree.add("folder")
        let listed = tree.add("listed")
        let mount = try TestMount(tree)
        #expect(fileStatus(mount.appending("listed")) != nil)
        tree.state.withLock { $0.dropped = [file, folder, listed] }
        #expect(fileStatus(mount.appending("folder")) == nil)
        #expect(errno == EIO)
        let descriptor = open(mount.appending("file"), O_RDONLY)
        defer { close(descriptor) }
        var byte: UInt8 = 0
        #expect(code(pread(descriptor, &byte, 1, 0)) == EIO)
        mount.session.notifier.invalidate(file)
        var status = stat()
        #expect(code(fstat(descriptor, &status)) == EIO)
        #expect(try #require(Directory(mount.appending("listed"))).next() == nil)
        #expect(errno == EIO)
        tree.state.withLock { $0.dropsStatistics = true }
        var space = statvfs()
        #expect(code(statvfs(mount.path, &space)) == EIO)
    }

    @Test(arguments: [254, 255, 256, 300, 1000])
    func `a name of more than 255 bytes is ENAMETOOLONG`(length: Int) throws {
        let mount = try TestMount(tree)
        let expected = length > 255 ? ENAMETOOLONG : ENOENT
        #expect(fileStatus(mount.appending(String(repeating: "x", count: length))) == nil)
        #expect(errno == expected)
        // The same with bytes that are no text.
        var status = stat()
        let path = Array(mount.path.utf8CString.dropLast()) + [0x2F] + [CChar](repeating: -1, count: length) + [0]
        #expect(code(stat(path, &status)) == expected)
    }

    @Test func `statfs shows how full it is`() throws {
        let mount = try TestMount(tree)
        var space = statvfs()
        #expect(statvfs(mount.path, &space) == 0)
        #expect(UInt64(space.f_blocks) * UInt64(space.f_frsize) == 1 << 40)
        #expect(UInt64(space.f_bavail) * UInt64(space.f_frsize) == 1 << 39)
        #expect(space.f_files == 7)
        #expect(space.f_namemax == 255)
    }

    @Test func `owner, group and permissions are those asked for`() throws {
        tree.add("file", [])
        let mount = try TestMount(tree) {
            $0.ownership.user = 1234
            $0.ownership.group = 2345
            $0.ownership.mask = 0o027
        }
        let file = try #require(fileStatus(mount.appending("file")))
        #expect(file.st_uid == 1234)
        #expect(file.st_gid == 2345)
        #expect(file.st_mode == S_IFREG | 0o440)
        #expect(fileStatus(mount.path)?.st_mode == S_IFDIR | 0o550)
    }

    @Test(.enabled(if: access("/sys/class/bdi", W_OK) == 0, "/sys/class/bdi cannot be written"))
    func `the kernel reads ahead as far as asked`() throws {
        let mount = try TestMount(tree) { $0.readAhead = 2048 }
        let device = try #require(fileStatus(mount.path)?.st_dev)
        let setting = "/sys/class/bdi/\(device >> 8):\(device & 0xFF)/read_ahead_kb"
        #expect(try String(contentsOfFile: setting, encoding: .utf8) == "2048\n")
    }

    /// Prints how much faster; that they are at all is what the next test asserts.
    @Test func `eight look-ups of 30 ms each, one after the other and at the same time`() throws {
        tree.state.withLock { $0.lookUpDelay = 30_000 }
        for number in 1...16 { tree.add("slow \(number)", [1]) }
        let mount = try TestMount(tree)
        let begin = ContinuousClock.now
        for number in 1...8 { #expect(fileStatus(mount.appending("slow \(number)")) != nil) }
        let serial = begin.duration(to: .now)
        let begins = ContinuousClock.now
        let done = (9...16).map { number in
            let (done, path) = (Gate(), mount.appending("slow \(number)"))
            Thread.start { if fileStatus(path) != nil { done.open() } }
            return done
        }
        for done in done { #expect(done.wait(milliseconds: 10_000)) }
        let parallel = begins.duration(to: .now)
        print("8 look-ups of 30 ms: serial \(serial), at the same time \(parallel), \(serial / parallel) times as fast")
    }

    @Test func `look-ups in one directory are answered at the same time`() throws {
        let gate = Gate()
        tree.state.withLock { $0.lookUpGate = gate }
        for number in 1...8 { tree.add("slow \(number)", [1]) }
        let mount = try TestMount(tree)
        let done = (1...8).map { number in
            let (done, path) = (Gate(), mount.appending("slow \(number)"))
            Thread.start { if fileStatus(path) != nil { done.open() } }
            return done
        }
        // All of them wait at the same time, if they do.
        for _ in 0..<1000 where tree.state.withLock({ $0.slowLookUps }) < 8 { usleep(10_000) }
        #expect(tree.state.withLock { $0.slowLookUps } == 8)
        gate.open()
        for done in done { #expect(done.wait(milliseconds: 10_000)) }
    }
}
