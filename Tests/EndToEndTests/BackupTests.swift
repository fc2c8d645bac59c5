import Foundation
import Glibc
import TestSupport
import Testing

@Suite(.enabled(if: Python.path != nil, "\(Python.missing)"))
struct BackupTests {
    private let folder: TemporaryFolder
    private let backup: String
    private let restored: String

    init() throws {
        folder = try TemporaryFolder()
        backup = folder.appending("backup")
        restored = folder.appending("restored")
    }

    private struct Copied: Decodable {
        var bytesCopied: Int
        var bytesKept: Int
    }

    private func backUp(_ archive: String) throws -> Copied {
        let done = try Program.run(DicomFS.path, ["backup", "--archive", archive, backup, "--json"])
        guard done.status == 0 else { throw UnexpectedExit(program: done) }
        return try JSONDecoder().decode(Copied.self, from: Data(done.output.utf8))
    }

    private func instances(_ archive: String) throws -> Set<String> {
        Set(try DicomFS.json([Listed].self, "list", "--archive", archive, "--level", "instance").map(\.id))
    }

    /// The paths and sizes that `list --json` gives of everything.
    private func listing(_ archive: String) throws -> [String] {
        try ["patient", "study", "series", "instance"].map {
            let done = try DicomFS.run("list", "--archive", archive, "--level", $0, "--json")
            guard done.status == 0 else { throw UnexpectedExit(program: done) }
            return done.output
        }
    }

    private func expectWhole(_ archive: String) throws {
        let verified = try DicomFS.run("verify", "--archive", archive)
        #expect(verified.status == 0, "\(verified.errors)")
    }

    @Test func `a backup made while images arrive restores to a whole archive with all that was there before`() throws {
        let served = try ServedArchive()
        _ = try Study.make(in: folder.appending("first"), images: 40, size: 256, noise: true)
        _ = try Study.make(in: folder.appending("second"), images: 120, size: 256, seed: 2, noise: true)
        #expect(try served.storescu([folder.appending("first")]).status == 0)
        let before = try instances(served.archive)
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(null) }
        let sending = try ChildProcess(
            "/usr/bin/storescu", ["127.0.0.1", "\(served.port)", "+sd", folder.appending("second")],
            environment: ["TCP_NODELAY": "1"], descriptors: (null, null, null))
        while try served.files(".dcm").count < before.count + 5 { usleep(1000) }
        for _ in 0..<3 { _ = try backUp(served.archive) }
        #expect(sending.wait() == 0)
        #expect(try !FileManager.default.contentsOfDirectory(atPath: served.archive).contains("checkpoint"))

        let done = try DicomFS.run("restore", "--archive", restored, backup)
        #expect(done.status == 0, "\(done.errors)")
        try expectWhole(restored)
        let found = try instances(restored)
        #expect(found.count > before.count)
        #expect(before.isSubset(of: found))
        #expect(found.isSubset(of: try instances(served.archive)))
        // And the whole again, once nothing arrives.
        _ = try backUp(served.archive)
        try FileManager.default.removeItem(atPath: restored)
        #expect(try DicomFS.run("restore", "--archive", restored, backup).status == 0)
        #expect(try listing(restored) == listing(served.archive))
        let original = try Program.run(
            "sh", ["-c", "cd \(served.mount) && find . -name '*.dcm' | sort | xargs sha256sum"])
        let other = try ServedArchive(archive: restored)
        let same = try Program.run("sh", ["-c", "cd \(other.mount) && find . -name '*.dcm' | sort | xargs sha256sum"])
        #expect(original.output.split(separator: "\n").count == 160)
        #expect(same.output == original.output)
    }

    @Test func `the next backup copies what is new and no more`() throws {
        let archive = folder.appending("archive")
        _ = try Study.make(in: folder.appending("first"), images: 100, size: 512, noise: true)
        _ = try Study.make(in: folder.appending("second"), images: 1, size: 512, seed: 2, noise: true)
        #expect(try DicomFS.run("import", "--archive", archive, folder.appending("first")).status == 0)
        let first = try backUp(archive)
        #expect(first.bytesCopied > 100 * 524_288)
        #expect(first.bytesKept == 0)
        #expect(try DicomFS.run("import", "--archive", archive, folder.appending("second")).status == 0)
        let second = try backUp(archive)
        #expect(second.bytesCopied > 524_288)
        #expect(second.bytesCopied < first.bytesCopied / 50, "1 % is new")
        #expect(second.bytesKept > 99 * 524_288)
        // What was deleted goes from the backup too.
        let studies = try DicomFS.json([Listed].self, "list", "--archive", archive, "--level", "study")
        for study in studies { #expect(try DicomFS.run("delete", "--archive", archive, study.id).status == 0) }
        #expect(try DicomFS.run("gc", "--archive", archive).status == 0)
        _ = try backUp(archive)
        let left = try Program.run("du", ["-sb", backup]).output.split(separator: "\t").first.flatMap { Int($0) }
        #expect(try #require(left) < 5 << 20)
    }

    @Test func `a backup that is killed leaves the one before, and the next is whole`() throws {
        let served = try ServedArchive()
        _ = try Study.make(in: folder.appending("first"), images: 5, size: 256, noise: true)
        _ = try Study.make(in: folder.appending("second"), images: 150, size: 512, seed: 2, noise: true)
        #expect(try served.storescu([folder.appending("first")]).status == 0)
        _ = try backUp(served.archive)
        #expect(try served.storescu([folder.appending("second")]).status == 0)
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(null) }
        var isKilled = false
        for round in 1...8 {
            let writing = try ChildProcess(
                DicomFS.path, ["backup", "--archive", served.archive, backup], descriptors: (null, null, null))
            usleep(UInt32(round) * 15_000)
            isKilled = writing.isRunning || isKilled
            writing.send(SIGKILL)
            writing.wait()
            let again = folder.appending("restored-\(round)")
            #expect(try DicomFS.run("restore", "--archive", again, backup).status == 0)
            try expectWhole(again)
            #expect(try [5, 155].contains(instances(again).count))
            try FileManager.default.removeItem(atPath: again)
        }
        #expect(isKilled)
        _ = try backUp(served.archive)
        #expect(try DicomFS.run("restore", "--archive", restored, backup).status == 0)
        try expectWhole(restored)
        #expect(try listing(restored) == listing(served.archive))
        #expect(try !FileManager.default.contentsOfDirectory(atPath: served.archive).contains("checkpoint"))
    }

    @Test func `a backup that ends before its list is written leaves the one before as it was`() throws {
        let archive = folder.appending("archive")
        _ = try Study.make(in: folder.appending("first"), images: 60, size: 256, noise: true)
        #expect(try DicomFS.run("import", "--archive", archive, folder.appending("first")).status == 0)
        _ = try backUp(archive)
        let before = try listing(archive)
        // What is deleted has its space given back in the middle of files that stay.
        for image in try instances(archive).sorted().prefix(30) {
            #expect(try DicomFS.run("delete", "--archive", archive, image).status == 0)
        }
        #expect(try DicomFS.run("gc", "--archive", archive).status == 0)
        let obstacle = backup + "/dicomfs-backup.new"
        try FileManager.default.createDirectory(atPath: obstacle, withIntermediateDirectories: false)
        #expect(try DicomFS.run("backup", "--archive", archive, backup).status == 1)
        try FileManager.default.removeItem(atPath: obstacle)
        #expect(try DicomFS.run("restore", "--archive", restored, backup).status == 0)
        try expectWhole(restored)
        #expect(try listing(restored) == before)
    }

    @Test func `a restore touches nothing that a restore has not made`() throws {
        let archive = folder.appending("archive")
        let sources = try Study.make(in: folder.appending("first"), images: 2)
        #expect(try DicomFS.run("import", "--archive", archive, sources[0]).status == 0)
        _ = try backUp(archive)
        for name in ["restored", "db", "lock.old"] {
            let target = folder.appending("target-\(name)")
            try FileManager.default.createDirectory(atPath: "\(target)/\(name)", withIntermediateDirectories: true)
            try Data([1]).write(to: URL(fileURLWithPath: "\(target)/\(name)/file"))
            let done = try DicomFS.run("restore", "--archive", target, backup)
            #expect(done.errors.contains("\(target) is not empty"), "\(done.errors)")
            #expect(try FileManager.default.subpathsOfDirectory(atPath: target).sorted() == [name, name + "/file"])
        }
        // Nor does it read what a backup only points to.
        let tables = backup + "/tables"
        let table = try "\(tables)/\(#require(FileManager.default.contentsOfDirectory(atPath: tables).first))"
        try FileManager.default.moveItem(atPath: table, toPath: folder.appending("table"))
        symlink(folder.appending("table"), table)
        #expect(try DicomFS.run("restore", "--archive", restored, backup).status == 1)
    }

    @Test func `a restore that was killed leaves no archive, and can be done again`() throws {
        let archive = folder.appending("archive")
        _ = try Study.make(in: folder.appending("first"), images: 150, size: 512, noise: true)
        #expect(try DicomFS.run("import", "--archive", archive, folder.appending("first")).status == 0)
        _ = try backUp(archive)
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(null) }
        var isKilled = false
        for round in 1...8 {
            let writing = try ChildProcess(
                DicomFS.path, ["restore", "--archive", restored, backup], descriptors: (null, null, null))
            usleep(UInt32(round) * 10_000)
            writing.send(SIGKILL)
            writing.wait()
            if access(restored + "/dicomfs-archive", F_OK) == 0 { break }
            isKilled = true
            let listed = try DicomFS.run("list", "--archive", restored)
            #expect(listed.status == 66)
            if access(restored + "/.dicomfs-restore", F_OK) == 0 {
                let imported = try DicomFS.run("import", "--archive", restored, folder.appending("first"))
                #expect(imported.status != 0)
                #expect(imported.errors.contains("is neither a dicomfs archive nor empty"), "\(imported.errors)")
            }
        }
        #expect(isKilled)
        if access(restored + "/dicomfs-archive", F_OK) != 0 {
            let done = try DicomFS.run("restore", "--archive", restored, backup)
            #expect(done.status == 0, "\(done.errors)")
        }
        try expectWhole(restored)
        #expect(try listing(restored) == listing(archive))
    }

    @Test func `what is no backup, or of another archive, or no empty folder, is refused and left alone`() throws {
        let archive = folder.appending("archive")
        let other = folder.appending("other")
        let sources = try Study.make(in: folder.appending("first"), images: 2)
        for each in [archive, other] {
            #expect(try DicomFS.run("import", "--archive", each, sources[0]).status == 0)
        }
        _ = try backUp(archive)
        let wrong: [([String], String)] = [
            (["backup", "--archive", other, backup], "\(backup) holds the backup of another archive, \(archive)"),
            (["backup", "--archive", archive, folder.appending("first")], "is neither a backup nor empty"),
            (["restore", "--archive", archive, backup], "\(archive) is an archive already"),
            (["restore", "--archive", folder.appending("first"), backup], "is not empty"),
            (["restore", "--archive", restored, folder.appending("first")], "holds no complete backup"),
            (
                ["import", "--archive", backup, sources[0]],
                "\(backup) is a backup; dicomfs restore makes an archive of it"
            ),
            (["list", "--archive", backup], "\(backup) is a backup; dicomfs restore makes an archive of it"),
        ]
        for (arguments, sentence) in wrong {
            let done = try Program.run(DicomFS.path, arguments)
            #expect(done.status != 0, "\(arguments)")
            #expect(done.errors.contains(sentence), "\(done.errors)")
        }
        #expect(access(restored, F_OK) != 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.appending("first")).count == 2)

        let blob = try #require(
            try FileManager.default.contentsOfDirectory(atPath: backup + "/tables").first { $0.contains(".sst-") })
        truncate("\(backup)/tables/\(blob)", 10)
        let cut = try DicomFS.run("restore", "--archive", restored, backup)
        #expect(cut.errors.contains("\(backup)/tables/\(blob) has not the"), "\(cut.errors)")
        let contents = backup + "/dicomfs-backup"
        let list = try String(contentsOfFile: contents, encoding: .utf8)
        for hostile in ["../db/CURRENT", "/db/CURRENT", "db//CURRENT", "db/.."] {
            let changed = list.replacingOccurrences(of: "\"db/CURRENT\"", with: "\"\(hostile)\"")
            try #require(changed != list)
            try changed.write(toFile: contents, atomically: true, encoding: .utf8)
            let outside = try DicomFS.run("restore", "--archive", restored, backup)
            #expect(outside.errors.contains("\(contents) names files outside of it"), "\(outside.errors)")
        }
        try list.write(toFile: contents, atomically: true, encoding: .utf8)
        // It is copied anew.
        _ = try backUp(archive)
        #expect(try DicomFS.run("restore", "--archive", restored, backup).status == 0)
        // A restored archive is not the one that the backup is of.
        let later = try DicomFS.run("backup", "--archive", restored, backup)
        #expect(later.errors.contains("holds the backup of another archive"), "\(later.errors)")
    }
}
