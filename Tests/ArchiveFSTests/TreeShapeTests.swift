import ContentStore
import DICOM
import FUSE
import Foundation
import Glibc
import TestSupport
import Testing

@testable import DICOMArchive

/// What the mounted tree looks like.
@Suite(.serialized)
struct TreeShapeTests {
    @Test func `the tree is patient, study, series, and an instance's files`() throws {
        let mount = try ArchiveMount()
        let single = try mount.store(TestInstance().dataSet)
        let multi = try mount.store(TestInstance(instance: "1.2.3.4.6", number: 12, frames: 3).dataSet)
        let bare = try mount.store(TestInstance(instance: "1.2.3.4.7", number: 7, frames: 0).dataSet)
        func short(_ id: OrthancIdentifier) -> String { String(id.hex40.prefix(10)) }
        let series = [
            "P1_Doe_Jane_\(short(.patient("P1")))", "20240131_Head_\(short(.study("P1", "1.2.3")))",
            "2_OT_Axial_\(short(.series("P1", "1.2.3", "1.2.3.4")))",
        ].joined(separator: "/")
        let (one, twelve, seven) = ("000001_\(short(single))", "000012_\(short(multi))", "000007_\(short(bare))")
        let files = [
            "\(one).dcm", "\(one).png", "\(seven).dcm", "\(twelve).dcm", "\(twelve).frames/",
            "\(twelve).frames/0001.png",
            "\(twelve).frames/0002.png", "\(twelve).frames/0003.png", "\(twelve).png",
        ]
        let parts = series.split(separator: "/")
        let expected = (1...3).map { parts.prefix($0).joined(separator: "/") + "/" } + files.map { "\(series)/\($0)" }
        #expect(Set(walk(mount.path)) == Set(expected.map { mount.appending($0) }))
        #expect(try mount.path(of: single) == mount.appending("\(series)/\(one).dcm"))
    }

    @Test func `dot and dot-dot have the numbers of the directory and of the one above`() throws {
        let mount = try ArchiveMount()
        let id = try mount.store(TestInstance(frames: 2).dataSet)
        var folder = URL(fileURLWithPath: try mount.path(of: id)).deletingPathExtension().path + ".frames"
        for _ in 0..<4 {
            let above = URL(fileURLWithPath: folder).deletingLastPathComponent().path
            // The first two, as readdir(3) gives them; `ls -i` asks stat(2).
            let stream = try #require(opendir(folder))
            let numbers = (0..<2).map { _ in readdir(stream).map { UInt($0.pointee.d_ino) } }
            closedir(stream)
            #expect(numbers == [folder, above].map { fileStatus($0).map { UInt($0.st_ino) } })
            folder = above
        }
        #expect(folder == mount.path)
    }

    @Test func `what is not there is ENOENT, and a name too long ENAMETOOLONG, at every level`() throws {
        let mount = try ArchiveMount()
        let id = try mount.store(TestInstance(frames: 2).dataSet)
        var folder = URL(fileURLWithPath: try mount.path(of: id)).deletingPathExtension().path + ".frames"
        for _ in 0..<5 {
            for name in [
                "x", "0003.png", "0000.png", "1.png", "00001.png", "+001.png", "x_0123456789", "x_0123456789.dcm",
                "\(id.hex40).dcm", String(repeating: "é", count: 127),
            ] {
                #expect(fileStatus("\(folder)/\(name)") == nil)
                #expect(errno == ENOENT)
            }
            #expect(fileStatus("\(folder)/\(String(repeating: "x", count: 256))") == nil)
            #expect(errno == ENAMETOOLONG)
            folder = URL(fileURLWithPath: folder).deletingLastPathComponent().path
        }
    }

    @Test func `inode numbers are the same after the archive is opened and mounted again`() throws {
        var mount: ArchiveMount? = try ArchiveMount()
        for number in 1...20 {
            try mount?.store(TestInstance(instance: "1.2.3.4.\(number)", number: number, frames: number % 3).dataSet)
        }
        let folder = try #require(mount?.folder)
        func numbers(_ mount: ArchiveMount?) -> [String: UInt] {
            let root = mount?.path ?? ""
            let paths = [root] + walk(root)
            return Dictionary(uniqueKeysWithValues: paths.map { ($0, UInt(fileStatus($0)?.st_ino ?? 0)) })
        }
        let before = numbers(mount)
        mount = nil
        mount = try ArchiveMount(folder)
        let after = numbers(mount)
        #expect(before == after)
        // 14 with pixels, 7 of them with two frames in a folder; root, patient, study, series.
        #expect(before.count == 20 + 14 + 7 * 3 + 4)
        #expect(Set(before.values).count == before.count)
        #expect(!before.values.contains(0))
    }

    @Test func `df shows the disk that the archive is on`() throws {
        let mount = try ArchiveMount()
        let lines = try [mount.path, mount.folder.path].map { path in
            try run("df", ["-B1", "--output=size", path]).output.split(separator: "\n").last.map { "\($0)" }
        }
        #expect(lines[0] == lines[1])
        let found = try run("df", ["--output=target", mount.path])
        #expect(found.output.split(separator: "\n").last.map { "\($0)" } == mount.path)
    }

    @Test func `a directory's time changes when a child comes and goes`() throws {
        let mount = try ArchiveMount()
        let first = try mount.store(TestInstance().dataSet)
        let series = URL(fileURLWithPath: try mount.path(of: first)).deletingLastPathComponent().path
        func time(_ path: String) -> Int {
            let time = fileStatus(path)?.st_mtim ?? timespec()
            return time.tv_sec * 1_000_000_000 + time.tv_nsec
        }
        let study = URL(fileURLWithPath: series).deletingLastPathComponent().path
        let (atFirst, ofStudy) = (time(series), time(study))
        let second = try mount.store(TestInstance(instance: "1.2.3.4.6").dataSet)
        let afterSecond = time(series)
        #expect(afterSecond == time(try mount.path(of: second)))
        #expect(afterSecond > atFirst)
        #expect(time(study) == ofStudy)
        #expect(try mount.delete(second) == 1)
        #expect(time(series) > afterSecond)
    }

    @Test(arguments: [15_000, 25_000])
    func `the kernel keeps inodes of listed entries, but not of those of a large directory`(count: Int) throws {
        let mount = try ArchiveMount()
        // Rows of patients without anything in them: all that a listing reads.
        var changes: [RowChange] = []
        for number in 0..<count {
            var entry = EntryRow()
            entry.name = "P_\(number)"
            let id = OrthancIdentifier.patient("\(number)")
            let node = NodeID(.patient, id.leading(bits: NodeID.payloadBits))
            entry.name = "P_\(id.hex40.prefix(10))"
            changes.append(RowChange(.index, IndexKey.entry(.root, node), entry.encoded))
            let row = NodeRow(level: .patient, id: id, parent: .root)
            changes.append(RowChange(.index, IndexKey.node(node), row.encoded))
        }
        try mount.archive.store.engine.commit([Commit(partition: [], changes: changes)])
        let all = names(mount.path)
        #expect(all.count == count)
        #expect(Set(all).count == count)
        let lookUps = mount.session.counters.lookUps.value
        for name in all.prefix(100) { #expect(fileStatus(mount.appending(name)) != nil) }
        #expect(mount.session.counters.lookUps.value - lookUps == (count > 20_000 ? 100 : 0))
    }

    static let hostile = [
        "", " ", ".", "..", "...", "-rf", "--", ".hidden", "a/b", "/", "//", "a\0b", "a\nb", "a\tb", "\u{1B}[31m",
        "a\\b",
        "*?<>|:\"", "$(id)", "`id`", "a;b", "名前", "Ж", "😀👩‍👩‍👧", "\u{202E}gpj.exe", "\u{200F}x", "e\u{301}", "\u{FEFF}",
        "\u{FFFD}",
        "a\u{2028}b", "CON", "nul.txt", "x.", "x ", String(repeating: "x", count: 300),
        String(repeating: "é", count: 200),
        String(repeating: "😀", count: 100), String(repeating: "語", count: 120), "a\u{301}\u{302}\u{303}", "%2e%2e%2f",
        "~",
    ]

    @Test func `hostile values make names that list and open`() throws {
        let mount = try ArchiveMount()
        var ids: [OrthancIdentifier] = []
        for (number, value) in Self.hostile.enumerated() {
            var instance = TestInstance()
            (instance.patientName, instance.studyDescription, instance.seriesDescription) = (value, value, value)
            // PatientID takes 64 characters.
            instance.patientID = String(value.prefix(60)) + "\(number)"
            ids.append(try mount.store(instance.dataSet))
        }
        for id in ids {
            let path = try mount.path(of: id)
            #expect(contents(path)?.count == fileStatus(path).map { Int($0.st_size) })
        }
        let all = walk(mount.path)
        #expect(!all.contains { $0.hasPrefix("missing") })
        #expect(all.count { $0.hasSuffix(".dcm") } == ids.count)
        for path in all {
            let name = path.split(separator: "/").last ?? ""
            #expect((1...255).contains(name.utf8.count))
            #expect(name.first != "-" && name.first != ".")
            #expect(!name.unicodeScalars.contains { $0.properties.generalCategory == .control || $0 == "\u{202E}" })
        }
        let found = try run("find", [mount.path, "-name", "*.dcm"])
        #expect(found.status == 0)
        #expect(found.output.split(separator: "\n").count == ids.count)
    }
}
