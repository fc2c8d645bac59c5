import Foundation
import Glibc
import TestSupport
import Testing

/// The commands that care for an archive.
@Suite(.enabled(if: Python.path != nil, "\(Python.missing)"))
struct CareTests {
    /// All that the mount and `list --json` say; the views' times are those of the daemon's start.
    private func everything(_ served: ServedArchive) throws -> [String] {
        let tree = try Program.run("find", [served.mount, "-printf", "%P %y %i %s %T@ %n\\n"])
        let views = try Program.run("find", ["\(served.mount)/.views", "-printf", "%P %y %i %s %n\\n"])
        #expect(tree.status == 0 && views.status == 0, "\(tree.errors)\(views.errors)")
        let lists = try ["patient", "study", "series", "instance"].map {
            try DicomFS.run("list", "--archive", served.archive, "--level", $0, "--json").output
        }
        return (tree.output + views.output).split(separator: "\n").map { String($0) }.sorted() + lists
    }

    @Test func `a rebuilt index gives the same mount and the same lists`() throws {
        let served = try ServedArchive()
        _ = try Study.make(in: served.folder.appending("a"), images: 20)
        _ = try Study.make(in: served.folder.appending("b"), images: 10, seed: 2)
        #expect(try served.storescu([served.folder.appending("a"), served.folder.appending("b")]).status == 0)
        let before = try everything(served)
        #expect(before.count > 60)
        let refused = try DicomFS.run("rebuild", "--archive", served.archive)
        #expect(refused.status == 75)
        #expect(refused.errors.contains("in use by dicomfs serve, pid \(served.pid)"))
        #expect(refused.errors.contains("stop it first"))
        #expect(try everything(served) == before)

        served.stop()
        let rebuilt = try DicomFS.run("rebuild", "--archive", served.archive)
        #expect(rebuilt.output == "indexed 30 versions\n")
        #expect(rebuilt.status == 0)
        try served.start()
        #expect(try everything(served) == before)
    }

    @Test func `an image whose bytes on the disk are damaged is named, repaired away, and whole when it comes again`()
        throws
    {
        let folder = try TemporaryFolder()
        let archive = folder.appending("archive")
        _ = try Study.make(in: folder.appending("a"), images: 20, size: 256, noise: true)
        #expect(try DicomFS.run("import", "--archive", archive, folder.appending("a")).status == 0)
        let segment = try #require(try FileManager.default.contentsOfDirectory(atPath: archive + "/db.chunks").first)
        let file = open("\(archive)/db.chunks/\(segment)", O_RDWR | O_CLOEXEC)
        var byte: UInt8 = 0
        pread(file, &byte, 1, 700_000)
        byte ^= 1
        pwrite(file, &byte, 1, 700_000)
        close(file)

        let verified = try DicomFS.run("verify", "--archive", archive)
        #expect(verified.status == 1)
        #expect(verified.errors.contains("is damaged"))
        #expect(verified.output.hasSuffix(": 1 damaged\n"))
        let repaired = try DicomFS.run("repair", "--archive", archive)
        #expect(repaired.status == 1)
        #expect(repaired.errors.contains(" version 1: chunk "))
        #expect(repaired.errors.contains(" is missing"))
        #expect(repaired.output.contains("mended 1, left 1\n"))
        #expect(try DicomFS.run("import", "--archive", archive, folder.appending("a")).status == 0)
        #expect(try DicomFS.run("repair", "--archive", archive).output == "mended 0, left 0\n")
        #expect(try DicomFS.run("verify", "--archive", archive).status == 0)
    }

    @Test func `an archive of an older format is upgraded, and one of this format left alone`() throws {
        let served = try ServedArchive()
        _ = try Study.make(in: served.folder.appending("a"), images: 5)
        #expect(try served.storescu([served.folder.appending("a")]).status == 0)
        let before = try everything(served)
        let busy = try DicomFS.run("upgrade", "--archive", served.archive)
        #expect(busy.status == 75)
        #expect(busy.errors.contains("is in use by dicomfs serve"))
        served.stop()
        let file = served.archive + "/dicomfs-archive"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(text.contains("format 2"))
        try text.replacingOccurrences(of: "format 2", with: "format 1").write(
            toFile: file, atomically: true, encoding: .utf8)
        let refused = try DicomFS.run("verify", "--archive", served.archive)
        #expect(refused.status == 1)
        #expect(refused.errors.contains("run dicomfs upgrade"))

        let upgraded = try DicomFS.run("upgrade", "--archive", served.archive)
        #expect(upgraded.status == 0, "\(upgraded.errors)")
        #expect(upgraded.output.contains("\(served.archive) has format 2"))
        #expect(try String(contentsOfFile: file, encoding: .utf8) == text)
        let again = try DicomFS.run("upgrade", "--archive", served.archive)
        #expect(again.output == "\(served.archive) has format 2 already\n")
        try served.start()
        #expect(try everything(served) == before)
        #expect(try DicomFS.run("upgrade", "--archive", served.folder.appending("none")).status == 66)
    }

    private struct Counts: Decodable {
        var chunks: Int
        var versions: Int
        var rows: Int
    }

    @Test func `a sample looks at its share, also while the archive is served`() throws {
        let served = try ServedArchive()
        _ = try Study.make(in: served.folder.appending("a"), images: 200)
        #expect(try served.storescu([served.folder.appending("a")]).status == 0)
        for isServed in [true, false] {
            if !isServed { served.stop() }
            let all = try DicomFS.json(Counts.self, "verify", "--archive", served.archive)
            #expect(all.versions == 200)
            let some = try DicomFS.json(Counts.self, "verify", "--archive", served.archive, "--sample", "20")
            // Ten standard deviations.
            #expect((1..<97).contains(some.versions))
            #expect(some.chunks < all.chunks && some.rows < all.rows / 2)
        }
        for wrong in ["0", "101", "-5"] {
            #expect(try DicomFS.run("verify", "--archive", served.archive, "--sample=\(wrong)").status == 64)
        }
    }
}
