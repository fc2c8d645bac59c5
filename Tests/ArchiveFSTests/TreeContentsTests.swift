import DICOM
import DICOMArchive
import FUSE
import Foundation
import Glibc
import TestSupport
import Testing

/// That files of the mount are what was stored.
@Suite(.serialized)
struct TreeContentsTests {
    /// Stores all of pydicom's test files; where each new one is in the mount.
    static func storeAll(_ mount: ArchiveMount) throws -> [(source: String, path: String)] {
        let folder = try #require(Python.testFiles)
        var stored: [(String, String)] = []
        for case let name as String in try #require(FileManager.default.enumerator(atPath: folder)) {
            let source = "\(folder)/\(name)"
            let file = open(source, O_RDONLY)
            defer { close(file) }
            guard (fileStatus(source)?.st_mode ?? 0) & S_IFMT != S_IFDIR,
                let outcome = try? mount.archive.importFile(file, name: name), outcome.result == .stored
            else { continue }
            stored.append((source, try mount.path(of: outcome.instance)))
        }
        return stored
    }

    @Test(.enabled(if: Python.testFiles != nil, "\(Python.missing)"))
    func `every file of pydicom's reads back unchanged, and stat tells the size of every file`() throws {
        let mount = try ArchiveMount()
        let stored = try Self.storeAll(mount)
        #expect(stored.count > 60)
        for (source, path) in stored { #expect(contents(path) == contents(source), "\(source)") }

        let all = walk(mount.path).filter { !$0.hasSuffix("/") }
        #expect(all.count { $0.hasSuffix(".dcm") } == stored.count)
        #expect(all.count { $0.hasSuffix(".png") } > 30)
        for path in all {
            let status = try #require(fileStatus(path))
            let bytes = try #require(contents(path), "\(path): \(errno)")
            #expect(status.st_size == bytes.count, "\(path)")
            let file = open(path, O_RDONLY)
            defer { close(file) }
            let map = try #require(mmap(nil, bytes.count, PROT_READ, MAP_SHARED, file, 0))
            #expect(memcmp(map, bytes, bytes.count) == 0, "\(path)")
            munmap(map, bytes.count)
        }
        try Self.checkImages(mount.path)
        try Self.checkCopies(mount, files: all.count)
    }

    /// Pillow decodes each image, to the size that the data set states.
    private static func checkImages(_ path: String) throws {
        let script = """
            import os, re, sys, pydicom
            from PIL import Image
            count = 0
            for folder, _, files in os.walk(sys.argv[1]):
                for file in files:
                    if not file.endswith('.png'): continue
                    image = os.path.join(folder, file)
                    stem = folder[:-7] if folder.endswith('.frames') else image[:-4]
                    set = pydicom.dcmread(stem + '.dcm', stop_before_pixels=True)
                    with Image.open(image) as picture:
                        picture.load()
                        if picture.size != (set.Columns, set.Rows): print(image, picture.size)
                    count += 1
            print(count)
            """
        let found = try Python.run(script, [path])
        #expect(found.status == 0, "\(found.errors)")
        let images = walk(path).count { $0.hasSuffix(".png") }
        #expect(found.output == "\(images)\n")
    }

    private static func checkCopies(_ mount: ArchiveMount, files: Int) throws {
        let copy = try mount.folder.makeFolder("copy")
        #expect(try run("cp", ["-a", mount.path + "/.", copy]).status == 0)
        #expect(try run("diff", ["-r", mount.path, copy]).output == "")
        let archive = mount.folder.appending("all.tar")
        #expect(try run("tar", ["-C", mount.path, "-cf", archive, "."]).status == 0)
        #expect(try run("tar", ["-C", mount.path, "-df", archive]).output == "")
        let found = try run("find", [mount.path, "-type", "f"]).output.split(separator: "\n")
        #expect(found.count == files)
        #expect(try run("chmod", ["-R", "u+w", copy]).status == 0)
    }

    private static let rsync = FileManager.default.isExecutableFile(atPath: "/usr/bin/rsync")

    @Test(.enabled(if: rsync, "rsync is not installed"))
    func `a second rsync has nothing to do`() throws {
        let mount = try ArchiveMount()
        for number in 1...10 { try mount.store(TestInstance(instance: "1.2.\(number)", frames: number % 3).dataSet) }
        let copy = try mount.folder.makeFolder("copy")
        #expect(try run("rsync", ["-a", mount.path + "/", copy]).status == 0)
        #expect(try run("rsync", ["-ai", mount.path + "/", copy]).output == "")
        #expect(try run("chmod", ["-R", "u+w", copy]).status == 0)
    }

    @Test func `a read at every offset and of every length gives the bytes there`() throws {
        let mount = try ArchiveMount()
        // Four chunks, the header before and after.
        let id = try mount.store(TestInstance(side: 600).dataSet)
        let path = try mount.path(of: id)
        let all = try #require(contents(path))
        let file = open(path, O_RDONLY)
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 1 << 19)
        for offset in [0, 1, 131, 132, 500, 4095, 4096, 262_143, 262_144, 262_700, 263_000, all.count - 1, all.count] {
            for length in [1, 2, 512, 4096, 4097, 131_072, 300_000] {
                mount.session.notifier.invalidate(UInt64(fileStatus(path)?.st_ino ?? 0))
                let count = pread(file, &buffer, length, off_t(offset))
                #expect(count == min(length, all.count - offset))
                #expect(buffer.prefix(max(0, count)).elementsEqual(all[offset..<offset + max(0, count)]))
            }
        }
    }

    @Test func `a file of more pieces than writev takes is read`() throws {
        let mount = try ArchiveMount()
        var set = TestInstance(frames: 0).dataSet
        // A peer may repeat an element; each value is a chunk of its own.
        for number in 0..<3000 { set.element(Tag(0x0042, 0x0011), .ob, [UInt8(number & 0xFF), UInt8(number >> 8)]) }
        let id = try mount.store(set)
        let copy = mount.folder.appending("copy")
        // By another process, which is given up after a while.
        #expect(try run("cp", [mount.path(of: id), copy]).status == 0)
        #expect(contents(copy)?.suffix(set.bytes.count).elementsEqual(set.bytes) == true)
    }
}
