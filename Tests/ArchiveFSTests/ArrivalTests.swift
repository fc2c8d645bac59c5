import DICOM
import DICOMArchive
import FUSE
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing
import Threads

/// What programs see while instances come and go.
@Suite(.serialized)
struct ArrivalTests {
    private static func parent(_ path: String) -> String { URL(fileURLWithPath: path).deletingLastPathComponent().path }

    @Test func `stat and ls see an instance as soon as it is stored, 1,000 of 1,000 under readers`() throws {
        let mount = try ArchiveMount()
        var (seen, listed, timed) = (0, 0, 0)
        for group in 0..<20 {
            var instance = TestInstance(study: "1.2.\(group)", series: "1.2.\(group).3")
            instance.instance = "1.2.\(group).3.0"
            let first = try mount.store(instance.dataSet)
            let series = Self.parent(try mount.path(of: first))
            let study = Self.parent(series)
            // Everything is looked at all the time, by name and by listing; and so is each name that is not there yet.
            let paths = (1...50).map { number in
                let id = OrthancIdentifier.instance("P1", "1.2.\(group)", "1.2.\(group).3", "1.2.\(group).3.\(number)")
                return "\(series)/0000\(number < 10 ? "0" : "")\(number)_\(id.hex40.prefix(10)).dcm"
            }
            let hammer = Hammer(
                { _ = names(series) }, { for path in paths { _ = fileStatus(path) } },
                { for name in names(study) { _ = fileStatus("\(study)/\(name)") } })
            defer { hammer.stop() }
            for (index, path) in paths.enumerated() {
                _ = names(series)
                _ = fileStatus(path)
                instance.instance = "1.2.\(group).3.\(index + 1)"
                instance.number = index + 1
                try mount.store(instance.dataSet)
                let status = fileStatus(path)
                if status?.st_size ?? 0 > 0 { seen += 1 }
                let name = URL(fileURLWithPath: path).lastPathComponent
                if names(series).contains(name) { listed += 1 }
                // The directory's time is that of the last arrival.
                let time = fileStatus(series)?.st_mtim ?? timespec()
                let arrival = status?.st_mtim ?? timespec()
                if (time.tv_sec, time.tv_nsec) == (arrival.tv_sec, arrival.tv_nsec) { timed += 1 }
            }
        }
        #expect(seen == 1000)
        #expect(listed == 1000)
        #expect(timed == 1000)
    }

    @Test func `a new directory is seen with its members, while those above are listed`() throws {
        let mount = try ArchiveMount()
        var instance = TestInstance()
        let study = Self.parent(Self.parent(try mount.path(of: try mount.store(instance.dataSet))))
        let look: @Sendable () -> Void = { for name in names(study) { _ = fileStatus("\(study)/\(name)") } }
        let hammer = Hammer(look, look, { _ = names(study) })
        defer { hammer.stop() }
        var wrong = 0
        for number in 1...200 {
            instance.series = "1.2.3.9.\(number)"
            instance.instance = "1.2.3.9.\(number).1"
            let first = try mount.path(of: try mount.store(instance.dataSet))
            instance.instance = "1.2.3.9.\(number).2"
            instance.number = 2
            let second = try mount.path(of: try mount.store(instance.dataSet))
            let (time, arrival) = (fileStatus(Self.parent(first))?.st_mtim, fileStatus(second)?.st_mtim)
            if time?.tv_nsec != arrival?.tv_nsec || arrival == nil { wrong += 1 }
            if !names(study).contains(URL(fileURLWithPath: Self.parent(first)).lastPathComponent) { wrong += 1 }
            if names(Self.parent(first)).count != 4 { wrong += 1 }
        }
        #expect(wrong == 0)
    }

    @Test func `what is deleted is gone, by name and for those who have it open`() throws {
        let mount = try ArchiveMount()
        let kept = try mount.store(TestInstance().dataSet)
        let id = try mount.store(TestInstance(instance: "1.2.3.4.6", number: 2, frames: 3).dataSet)
        let path = try mount.path(of: id)
        let stem = String(path.dropLast(4))
        let all = walk(mount.path)
        let file = open(path, O_RDONLY)
        let frame = open(stem + ".frames/0002.png", O_RDONLY)
        defer {
            close(file)
            close(frame)
        }
        #expect(file >= 0 && frame >= 0)
        #expect(try mount.delete(id) == 1)
        for gone in [path, stem + ".png", stem + ".frames", stem + ".frames/0002.png"] {
            #expect(fileStatus(gone) == nil)
            #expect(errno == ENOENT)
        }
        #expect(Set(walk(mount.path)) == Set(all.filter { !$0.hasPrefix(stem) }))
        var status = stat()
        #expect(fstat(file, &status) == -1)
        #expect(errno == ESTALE)

        // The last one takes its directories along.
        #expect(try mount.delete(kept) == 1)
        #expect(names(mount.path) == [])
    }

    @Test func `a directory deleted while in use is stale, and lives again when it is stored again`() throws {
        let mount = try ArchiveMount()
        let id = try mount.store(TestInstance(frames: 2).dataSet)
        let path = try mount.path(of: id)
        let series = Self.parent(path)
        let directory = try #require(opendir(series))
        let frame = open(String(path.dropLast(4)) + ".frames/0001.png", O_RDONLY)
        defer {
            closedir(directory)
            close(frame)
        }
        let before = walk(mount.path)
        let frameNumber = fileStatus(String(path.dropLast(4)) + ".frames/0001.png")?.st_ino
        #expect(try mount.delete(id) == 1)
        #expect(fileStatus(series) == nil)
        errno = 0
        #expect(readdir(directory) == nil)
        #expect(errno == ESTALE)

        #expect(try mount.store(TestInstance(frames: 2).dataSet) == id)
        // Frames are other nodes now, though the folder is the same. Looked at before a listing brings the new ones.
        let newNumber = fileStatus(String(path.dropLast(4)) + ".frames/0001.png")?.st_ino
        #expect(newNumber != nil && newNumber != frameNumber)
        #expect(Set(walk(mount.path)) == Set(before))
        for file in walk(mount.path) where !file.hasSuffix("/") {
            #expect(contents(file)?.count == fileStatus(file).map { Int($0.st_size) }, "\(file): \(errno)")
        }
    }

    /// Reads a file again after it was replaced, through a descriptor and a mapping from before; another process, because
    /// one that waits for a page of its own mount may keep its threads from serving it.
    private static let holder = """
        import mmap, os, signal, sys, time
        signal.alarm(30)
        path, ready, go, is_read = sys.argv[1:]
        file = os.open(path, os.O_RDONLY)
        size = os.fstat(file).st_size
        map = memoryview(mmap.mmap(file, size, mmap.MAP_SHARED, mmap.PROT_READ))
        old = open(path, 'rb').read() if is_read == 'true' else os.pread(file, 100, 0)
        open(ready, 'w').close()
        while not os.path.exists(go): time.sleep(0.005)
        def pages(read):
            found = []
            for start in range(0, size, 4096):
                try: found.append(read(start, min(4096, size - start)))
                except OSError as error: found.append(error.errno)
            return found
        ends = os.pipe()
        def mapped(start, count):
            # Written, a page that cannot be read is an error; looked at, it is the end of the process.
            os.write(ends[1], map[start:start + count])
            return os.read(ends[0], count)
        for found in pages(mapped), pages(lambda start, count: os.pread(file, count, start)):
            print(' '.join(str(page) if isinstance(page, int) else page.hex() for page in found))
        """

    @Test(.enabled(if: Python.path != nil, "\(Python.missing)"), arguments: [false, true])
    func `other bytes under the same identifier never mix with those of an open file`(isReadBefore: Bool) throws {
        let mount = try ArchiveMount()
        let old = TestInstance(side: 700, seed: 1)
        let new = TestInstance(side: 700, seed: 2)
        let id = try mount.store(old.dataSet)
        let path = try mount.path(of: id)
        let oldBytes = try #require(contents(path))
        let node = try #require(fileStatus(path)).st_ino
        mount.session.notifier.invalidate(UInt64(node))
        let (ready, go) = (mount.folder.appending("ready"), mount.folder.appending("go"))
        let (box, ended) = (ProgramBox(), Gate())
        Thread.start {
            box.set(try? Python.run(Self.holder, [path, ready, go, "\(isReadBefore)"]))
            ended.open()
        }
        while access(ready, F_OK) != 0, !ended.wait(milliseconds: 5) {}

        #expect(try mount.delete(id) == 1)
        #expect(try mount.store(new.dataSet) == id)
        #expect(try mount.path(of: id) == path)
        let newBytes = try #require(contents(path))
        #expect(newBytes.count == oldBytes.count)
        #expect(newBytes.suffix(490_000).elementsEqual(new.dataSet.bytes.suffix(490_000)))
        #expect(newBytes.suffix(490_000) != oldBytes.suffix(490_000))
        #expect(fileStatus(path)?.st_ino != node)

        _ = try mount.folder.write("go", [])
        ended.wait()
        let program = try #require(box.program)
        #expect(program.status == 0, "\(program.errors)")
        let lines = program.output.split(separator: "\n")
        #expect(lines.count == 2)
        let hex = oldBytes.map { String(UInt16($0) | 0x100, radix: 16).dropFirst() }
        for (line, error) in zip(lines, [EFAULT, ESTALE]) {
            let pages = line.split(separator: " ")
            #expect(pages.count == (oldBytes.count + 4095) / 4096)
            for (number, page) in pages.enumerated() where page != "\(error)" {
                let start = number * 4096
                #expect(page == hex[start..<min(start + 4096, hex.count)].joined())
            }
        }
    }

    @Test func `a listing misses and doubles no entry that stays, while others come and go`() throws {
        let mount = try ArchiveMount()
        var staying: Set<String> = []
        var series = ""
        for number in 1...150 {
            let id = try mount.store(TestInstance(instance: "1.2.3.4.\(number)", number: number).dataSet)
            let path = try mount.path(of: id)
            series = Self.parent(path)
            let name = URL(fileURLWithPath: String(path.dropLast(4))).lastPathComponent
            staying.formUnion([name + ".dcm", name + ".png"])
        }
        #expect(names(series) == staying.sorted())
        let rounds = Rounds()
        let hammer = Hammer({
            let number = rounds.next()
            let instance = TestInstance(instance: "1.2.3.5.\(number % 40)", number: 900_000 + number % 40)
            guard let id = try? mount.store(instance.dataSet) else { return }
            if number % 3 != 0 { _ = try? mount.delete(id) }
        })
        defer { hammer.stop() }
        var positions = 0
        while rounds.count < 120 {
            let stream = try #require(opendir(series))
            defer { closedir(stream) }
            var found: [String] = []
            while true {
                let position = telldir(stream)
                guard let entry = readdir(stream) else { break }
                let listed = name(entry)
                found.append(listed)
                guard staying.contains(listed) else { continue }
                // Back to where it was: the entry that stays comes again, perhaps after one that is new.
                if Int.random(in: 0..<8) == 0 {
                    seekdir(stream, position)
                    var again = ""
                    while again != listed, let entry = readdir(stream) { again = name(entry) }
                    #expect(again == listed)
                    positions += 1
                }
            }
            let stayed = found.filter { staying.contains($0) }
            #expect(stayed.count == staying.count)
            #expect(Set(stayed) == staying)
        }
        #expect(positions > 0)
    }
}

/// What a program that ran on another thread gave.
private final class ProgramBox: Sendable {
    private let result = Mutex<Program?>(nil)

    var program: Program? { result.withLock { $0 } }

    func set(_ program: Program?) { result.withLock { $0 = program } }
}
