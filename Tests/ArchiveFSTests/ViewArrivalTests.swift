import ArchiveFS
import DICOM
import DICOMArchive
import Foundation
import Glibc
import TestSupport
import Testing

/// What programs see in `.views` while instances come and go.
@Suite(.serialized)
struct ViewArrivalTests {
    /// Looks at all there is, so that the kernel has it; what it saw.
    private static func look(_ mount: ArchiveMount) -> Set<String> {
        Set(walk(mount.path) + walk(mount.appending(".views")))
    }

    private static func stems(_ mount: ArchiveMount, _ instance: TestInstance) throws -> [String] {
        let date = instance.studyDate
        let day =
            date.isEmpty
            ? "unknown" : [date.prefix(4), date.dropFirst(4).prefix(2), date.suffix(2)].joined(separator: "/")
        return try ViewTests.stems(mount, instance, date: day)
    }

    private static func folder(_ path: String) -> String { URL(fileURLWithPath: path).deletingLastPathComponent().path }
    private static func name(_ path: String) -> String { URL(fileURLWithPath: path).lastPathComponent }

    private static func time(_ path: String) -> Int {
        fileStatus(path).map { $0.st_mtim.tv_sec * 1_000_000_000 + $0.st_mtim.tv_nsec } ?? 0
    }

    /// Whether a path is in the listing of its folder, and each folder above in that of its own, up to `.views`.
    private static func isListed(_ path: String) -> Bool {
        var path = path
        while name(path) != ".views" {
            if !names(folder(path)).contains(name(path)) { return false }
            path = folder(path)
        }
        return true
    }

    @Test func `an arrival is seen at once in every view, by name and in all listings above`() throws {
        let mount = try ArchiveMount()
        let first = TestInstance()
        try mount.store(first.dataSet)
        for change: (inout TestInstance) -> Void in [
            { $0.instance = "1.2.3.4.6" },
            { $0.series = "1.2.3.5" },
            { $0.study = "1.2.4" },
            { ($0.study, $0.studyDate) = ("1.2.5", "20240201") },
            { ($0.study, $0.studyDate) = ("1.2.6", "19991231") },
            { ($0.study, $0.studyDate) = ("1.2.7", "") },
            { $0.patientID = "P2" },
        ] {
            var instance = first
            change(&instance)
            let before = Self.look(mount)
            let times = Dictionary(uniqueKeysWithValues: before.map { ($0, Self.time($0)) })
            try mount.store(instance.dataSet)
            for stem in try Self.stems(mount, instance) where !(instance.patientID == "P2" && stem.contains("by-uid")) {
                var path = stem + ".dcm"
                #expect(fileStatus(path) != nil, "\(path)")
                #expect(Self.isListed(path), "\(path)")
                // Each folder that has a new entry has a later time.
                while Self.name(path) != ".views" {
                    let above = Self.folder(path)
                    if !before.contains(path), !before.contains(path + "/"), let old = times[above + "/"] {
                        #expect(Self.time(above) > old, "\(above)")
                    }
                    path = above
                }
            }
        }
        let all = walk(mount.appending(".views/by-uid"))
        #expect(all.count { $0.hasSuffix(".dcm") } == 8)
    }

    @Test func `what is deleted is gone at once from every view, with the directories that are empty then`() throws {
        let mount = try ArchiveMount()
        try mount.store(TestInstance(instance: "1.2.3.4.9").dataSet)
        let before = Self.look(mount)
        var known: [String: [String]] = [:]
        for instance in [
            TestInstance(instance: "1.2.3.4.6", frames: 3),
            TestInstance(series: "1.2.3.5", frames: 2),
            TestInstance(study: "1.2.5", studyDate: "20240201", frames: 2),
            TestInstance(study: "1.2.6", studyDate: "19991231"),
            TestInstance(study: "1.2.7", studyDate: "", frames: 0),
        ] {
            let id = try mount.store(instance.dataSet)
            let stems = try Self.stems(mount, instance)
            known[id.hex40] = stems
            let with = Self.look(mount)
            #expect(with.count > before.count)
            let files = stems.map { open($0 + ".dcm", O_RDONLY) }
            defer { for file in files { close(file) } }
            #expect(files.allSatisfy { $0 >= 0 })
            #expect(try mount.delete(id) == 1)
            for path in with.subtracting(before) {
                #expect(fileStatus(path) == nil, "\(path)")
                #expect(errno == ENOENT, "\(path)")
            }
            var status = stat()
            for file in files {
                #expect(fstat(file, &status) == -1)
                #expect(errno == ESTALE)
            }
            #expect(Self.look(mount) == before)
            // Stored again, it is there again, with other frames.
            try mount.store(instance.dataSet)
            #expect(Self.look(mount) == with)
            for path in with where !path.hasSuffix("/") {
                #expect(contents(path)?.count == fileStatus(path).map { Int($0.st_size) }, "\(path): \(errno)")
            }
            #expect(try mount.delete(id) == 1)
            #expect(Self.look(mount) == before)
        }
    }

    @Test func `frames stored again are new ones in every view, while the old are in use`() throws {
        let mount = try ArchiveMount()
        let instance = TestInstance(frames: 2)
        let id = try mount.store(instance.dataSet)
        let frames = try Self.stems(mount, instance).map { $0 + ".frames/0001.png" }
        let files = frames.map { open($0, O_RDONLY) }
        defer { for file in files { close(file) } }
        let old = fileStatus(frames[0])?.st_ino
        #expect(old != nil)
        #expect(try mount.delete(id) == 1)
        #expect(try mount.store(instance.dataSet) == id)
        for frame in frames {
            let new = fileStatus(frame)?.st_ino
            #expect(new != nil && new != old, "\(frame)")
        }
    }

    @Test func `views keep up with 100 arrivals under readers`() throws {
        let mount = try ArchiveMount()
        let first = TestInstance()
        try mount.store(first.dataSet)
        let stems = try Self.stems(mount, first)
        let hammer = Hammer(
            { for stem in stems { _ = names(Self.folder(stem)) } },
            {
                for view in ["by-study", "by-uid", "by-date/2024/01/31", "by-id"] {
                    for name in names(mount.appending(".views/\(view)")) {
                        _ = names(mount.appending(".views/\(view)/\(name)"))
                    }
                }
            })
        defer { hammer.stop() }
        var missing: [String] = []
        for number in 1...100 {
            var instance = first
            instance.instance = "1.2.3.4.6.\(number)"
            instance.number = number
            if number % 3 == 0 { instance.series = "1.2.3.\(number)" }
            if number % 5 == 0 { instance.study = "1.2.\(number)" }
            try mount.store(instance.dataSet)
            for stem in try Self.stems(mount, instance) where !Self.isListed(stem + ".dcm") { missing.append(stem) }
        }
        #expect(missing == [])
    }
}
