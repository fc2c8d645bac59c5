import ArchiveFS
import ContentStore
import DICOM
import FUSE
import Foundation
import Glibc
import TestSupport
import Testing

@testable import DICOMArchive

/// What `.views` shows.
@Suite(.serialized)
struct ViewTests {

    /// Where the four views have an instance, without extension.
    static func stems(_ mount: ArchiveMount, _ instance: TestInstance, date: String) throws -> [String] {
        let id = OrthancIdentifier.instance(
            instance.patientID, instance.study, instance.series, instance.instance)
        let parts = try mount.path(of: id).dropFirst(mount.path.count + 1).dropLast(4).split(separator: "/")
        let tail = parts.dropFirst().joined(separator: "/")
        let hex = id.hex40
        return [
            "by-study/\(tail)", "by-date/\(date)/\(tail)",
            "by-uid/\(instance.study)/\(instance.series)/\(instance.instance)",
            "by-id/\(hex.prefix(2))/\(hex.dropFirst(2).prefix(2))/\(hex)",
        ].map { mount.appending(".views/" + $0) }
    }

    @Test func `every view has an instance's files, with the same numbers and bytes`() throws {
        let mount = try ArchiveMount()
        let instance = TestInstance(frames: 3)
        let id = try mount.store(instance.dataSet)
        let stem = String(try mount.path(of: id).dropLast(4))
        for other in try Self.stems(mount, instance, date: "2024/01/31") {
            for end in [".dcm", ".png", ".frames/0001.png", ".frames/0003.png"] {
                let (here, there) = (
                    try #require(fileStatus(stem + end)), try #require(fileStatus(other + end), "\(other + end)")
                )
                #expect(here.st_ino == there.st_ino)
                #expect(here.st_size == there.st_size)
                #expect(here.st_mtim.tv_nsec == there.st_mtim.tv_nsec)
                #expect(contents(stem + end) == contents(other + end))
            }
            // A directory with two parents would be moved by the kernel.
            #expect(fileStatus(stem + ".frames")?.st_ino != fileStatus(other + ".frames")?.st_ino)
            #expect(names(other + ".frames") == ["0001.png", "0002.png", "0003.png"])
            #expect(fileStatus(other + ".v2.dcm") == nil)
        }
        try mount.store(TestInstance(frames: 3, seed: 9).dataSet)
        let version = fileStatus(stem + ".v2.dcm")?.st_ino
        for other in try Self.stems(mount, instance, date: "2024/01/31") {
            #expect(fileStatus(other + ".v2.dcm").map { $0.st_ino == version } == true)
        }
    }

    @Test func `what is listed is what can be looked up, and no inode is two directories`() throws {
        let mount = try ArchiveMount()
        var count = 0
        for (number, date) in ["20240131", "20240201", "2023.12.31", "", "20230230", "00010101", "99991231"]
            .enumerated()
        {
            var instance = TestInstance(
                patientID: "P\(number % 2)", study: "1.2.\(number)", studyDate: date, series: "1.2.\(number).1",
                instance: "1.2.\(number).1.1", frames: 2)
            try mount.store(instance.dataSet)
            instance.instance = "1.2.\(number).1.2"
            instance.frames = 0
            try mount.store(instance.dataSet)
            count += 1
        }
        let main = Set(
            walk(mount.path).filter { $0.hasSuffix("m") || $0.hasSuffix("g") }.compactMap { fileStatus($0)?.st_ino })
        var directories: [ino_t: String] = [:]
        for path in walk(mount.path) + walk(mount.appending(".views")) where path.hasSuffix("/") {
            let number = try #require(fileStatus(path)).st_ino
            #expect(directories[number] == nil, "\(path) is \(directories[number] ?? "")")
            directories[number] = path
        }
        for view in ["by-study", "by-date", "by-uid", "by-id"] {
            let files = walk(mount.appending(".views/\(view)"))
            #expect(!files.contains { $0.hasPrefix("missing") })
            #expect(files.count { $0.hasSuffix(".dcm") } == 2 * count, "\(view)")
            let numbers = files.filter { !$0.hasSuffix("/") }.compactMap { fileStatus($0)?.st_ino }
            #expect(Set(numbers) == main)
            #expect(numbers.count == main.count)
        }
        #expect(names(mount.appending(".views")) == ["by-date", "by-id", "by-study", "by-uid"])
        #expect(names(mount.appending(".views/by-date")) == ["0001", "2023", "2024", "9999", "unknown"])
        #expect(names(mount.appending(".views/by-date/2024")) == ["01", "02"])
        #expect(names(mount.appending(".views/by-date/2023/12")) == ["31"])
        #expect(names(mount.appending(".views/by-date/unknown")).count == 2)
        for name in [
            "by-date/2022", "by-date/24", "by-date/02024", "by-date/+024", "by-date/2024/1", "by-date/2024/13",
            "by-date/2024/03", "by-date/2024/01/30", "by-date/2024/01/32", "by-date/2024/00", "by-id/0", "by-id/zz",
            "by-id/A0", "by-uid/1.2", "by-uid/1.2.0/1.2.1.1", "by-uid/1.2.0/1.2.0.1/1.2.0.1.1",
            "by-uid/1.2.0/1.2.0.1/1.2.1.1.1.dcm", "by-study/x", "by-x", "by-id/00/00/00.dcm",
        ] {
            #expect(fileStatus(mount.appending(".views/\(name)")) == nil, "\(name)")
            #expect(errno == ENOENT, "\(name)")
        }
    }

    @Test func `dot and dot-dot have the numbers of the directory and of the one above, in every view`() throws {
        let mount = try ArchiveMount()
        let instance = TestInstance(frames: 2)
        try mount.store(instance.dataSet)
        try mount.store(TestInstance(study: "1.9", studyDate: "", series: "1.9.1", instance: "1.9.1.1").dataSet)
        for path in walk(mount.appending(".views")) + [mount.appending(".views/")] where path.hasSuffix("/") {
            let folder = String(path.dropLast())
            let stream = try #require(opendir(folder))
            let numbers = (0..<2).map { _ in readdir(stream).map { UInt($0.pointee.d_ino) } }
            closedir(stream)
            let above = URL(fileURLWithPath: folder).deletingLastPathComponent().path
            #expect(numbers == [folder, above].map { fileStatus($0).map { UInt($0.st_ino) } }, "\(folder)")
        }
    }

    @Test func `a listing of a view goes on from any place`() throws {
        let mount = try ArchiveMount()
        for number in 0..<40 {
            let date = number % 2 == 0 ? "20240131" : "2024.01.31"
            try mount.store(
                TestInstance(
                    patientID: "P\(number)", study: "1.2.\(number)", studyDate: number % 5 == 0 ? "" : date,
                    series: "1.2.\(number).1", instance: "1.2.\(number).1.1"
                ).dataSet)
        }
        for view in ["by-study", "by-uid", "by-date/unknown", "by-date/2024/01/31", "by-id", "by-date", ""] {
            let stream = try #require(opendir(mount.appending(".views/\(view)")))
            defer { closedir(stream) }
            var found: [(position: Int, name: String)] = []
            while true {
                let position = telldir(stream)
                guard let entry = readdir(stream) else { break }
                found.append((position, name(entry)))
            }
            #expect(Set(found.map(\.name)).count == found.count)
            for (position, listed) in found.reversed() {
                seekdir(stream, position)
                #expect(readdir(stream).map { name($0) } == listed, "\(view)")
            }
        }
        #expect(names(mount.appending(".views/by-study")).count == 40)
        #expect(names(mount.appending(".views/by-date/unknown")).count == 8)
        #expect(names(mount.appending(".views/by-date/2024/01/31")).count == 32)
    }

    @Test(arguments: [5000, 25_000])
    func `the kernel keeps no inodes of the entries of a large view`(count: Int) throws {
        let mount = try ArchiveMount()
        // Rows of studies without anything in them: all that a listing reads.
        var changes: [RowChange] = []
        let patient = NodeID(.patient, 1)
        for number in 0..<count {
            let id = OrthancIdentifier.study("P1", "1.2.\(number)")
            let node = NodeID(.study, id.leading(bits: NodeID.payloadBits))
            var row = NodeRow(level: .study, id: id, parent: patient)
            row.attributes = [
                Attribute(tag: .studyInstanceUID, value: "1.2.\(number)"),
                Attribute(tag: .studyDate, value: "20240131"),
            ]
            var entry = EntryRow()
            entry.name = "20240131_\(id.shortSuffix)"
            changes.append(RowChange(.index, IndexKey.node(node), row.encoded))
            changes.append(RowChange(.index, IndexKey.entry(patient, node), entry.encoded))
            for (kind, value) in row.lookUps {
                changes.append(RowChange(.index, IndexKey.lookUp(kind, value, node), []))
            }
        }
        try mount.archive.store.engine.commit([Commit(partition: [], changes: changes)])
        for view in ["by-study", "by-uid", "by-date/2024/01/31"] {
            let all = names(mount.appending(".views/\(view)"))
            #expect(Set(all).count == count)
            let lookUps = mount.session.counters.lookUps.value
            for name in all.prefix(100) { #expect(fileStatus(mount.appending(".views/\(view)/\(name)")) != nil) }
            #expect(mount.session.counters.lookUps.value - lookUps == (count > 20_000 ? 100 : 0), "\(view)")
        }
    }

    @Test func `views are listed when asked for, and absent when not wanted`() throws {
        var options = TreeOptions()
        options.views = .listed
        var mount: ArchiveMount? = try ArchiveMount(nil, options)
        let instance = TestInstance()
        try mount?.store(instance.dataSet)
        let path = mount?.path ?? ""
        #expect(names(path).count == 2)
        #expect(names(path).first == ".views")
        options.views = .off
        let folder = try #require(mount?.folder)
        mount = nil
        mount = try ArchiveMount(folder, options)
        #expect(names(path).count == 1)
        #expect(fileStatus(path + "/.views") == nil)
        #expect(errno == ENOENT)
        #expect(walk(path).count == 5)
    }

    /// Opens everything by its handle alone; prints what cannot be.
    private static let handles = """
        import ctypes, os, sys
        libc = ctypes.CDLL(None, use_errno=True)
        class Handle(ctypes.Structure):
            _fields_ = [('bytes', ctypes.c_uint), ('type', ctypes.c_int), ('data', ctypes.c_ubyte * 128)]
        mount = os.open(sys.argv[1], os.O_RDONLY)
        found = []
        for folder, folders, files in os.walk(sys.argv[1] + '/.views'):
            for name in ['.'] + files:
                path, handle, number = os.path.join(folder, name), Handle(bytes=128), ctypes.c_int()
                if libc.name_to_handle_at(-100, path.encode(), ctypes.byref(handle), ctypes.byref(number), 0):
                    sys.exit(f'{path}: {os.strerror(ctypes.get_errno())}')
                found.append((path, handle, os.stat(path).st_ino))
        # What is not in use goes: names and inodes are to be asked for anew.
        open('/proc/sys/vm/drop_caches', 'w').write('2')
        for path, handle, inode in found:
            file = libc.open_by_handle_at(mount, ctypes.byref(handle), os.O_RDONLY)
            if file < 0: sys.exit(f'{path}: {os.strerror(ctypes.get_errno())}')
            if os.fstat(file).st_ino != inode: sys.exit(f'{path}: another inode')
            if os.path.isdir(path) and os.stat('..', dir_fd=file).st_ino != os.stat(path + '/..').st_ino:
                sys.exit(f'{path}: another parent')
            os.close(file)
        print(len(found))
        """

    @Test(
        .enabled(if: Python.path != nil, "\(Python.missing)"),
        .enabled(if: geteuid() == 0, "open_by_handle_at(2) is for root"))
    func `everything in a listed view is found by its handle alone`() throws {
        // The kernel looks for a directory's name in the listing above it.
        var options = TreeOptions()
        options.views = .listed
        let mount = try ArchiveMount(nil, options)
        try mount.store(TestInstance(frames: 2).dataSet)
        try mount.store(TestInstance(study: "1.9", studyDate: "", series: "1.9.1", instance: "1.9.1.1").dataSet)
        let found = try Python.run(Self.handles, [mount.path])
        #expect(found.errors == "")
        // Each file, and each directory with `.views` itself.
        #expect(found.output == "\(walk(mount.appending(".views")).count + 1)\n")
    }
}
