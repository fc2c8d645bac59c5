import Foundation
import TestSupport
import Testing

/// The way of an image: a modality sends it, and it is a file.
struct JourneyTests {
    @Test func `what storescu sends appears as files that other programs read`() throws {
        let served = try ServedArchive()
        let folder = try TemporaryFolder()
        let sources = try Study.make(in: folder.appending("study"), images: 5)
        #expect(try served.answersEcho())
        let sent = try served.storescu([folder.appending("study")])
        #expect(sent.status == 0, "\(sent.errors)")

        let files = try served.files(".dcm")
        #expect(files.count == 5)
        #expect(files.allSatisfy { $0.hasPrefix("DEMO-1_Phantom_Demo_") && $0.split(separator: "/").count == 4 })
        for (source, file) in zip(sources, files) {
            let dump = try Program.run("/usr/bin/dcmdump", ["-q", "\(served.mount)/\(file)"])
            let original = try Program.run("/usr/bin/dcmdump", ["-q", source])
            #expect(dump.status == 0)
            #expect(dump.output.contains("(0010,0020) LO [DEMO-1]"))
            #expect(dataSetLines(dump.output) == dataSetLines(original.output))
        }
        for image in try served.files(".png") {
            #expect(try Program.run("pngfix", ["-q", "\(served.mount)/\(image)"]).status == 0)
        }
        #expect(try served.files(".png").count == 5)
    }

    @Test func `a mounted tree cannot be changed`() throws {
        let served = try ServedArchive()
        let folder = try TemporaryFolder()
        _ = try served.storescu(try Study.make(in: folder.appending("study"), images: 1))
        let file = "\(served.mount)/\(try #require(try served.files(".dcm").first))"
        for command in [
            ["rm", "-f", file], ["touch", file], ["mkdir", served.mount + "/new"], ["chmod", "600", file],
        ] {
            let tried = try Program.run(command[0], Array(command.dropFirst()))
            #expect(tried.status == 1)
            #expect(tried.errors.contains("Read-only file system"), "\(tried.errors)")
        }
    }

    @Test func `the daemon ends on SIGTERM, unmounts, and serves the same tree again`() throws {
        let served = try ServedArchive()
        let folder = try TemporaryFolder()
        _ = try served.storescu(try Study.make(in: folder.appending("study"), images: 3))
        let before = try inodes(served)
        #expect(before.count == 6)
        #expect(served.stop() == 0)
        #expect(try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8).contains(served.mount) == false)
        try served.start()
        #expect(try inodes(served) == before)
    }

    @Test func `deleting removes files from the mount and sweeping gives the space back`() throws {
        let served = try ServedArchive()
        let folder = try TemporaryFolder()
        _ = try served.storescu(try Study.make(in: folder.appending("study"), images: 3, noise: true))
        #expect(try served.files().count == 6)
        let studies = try DicomFS.json([Listed].self, "list", "--archive", served.archive, "--level", "study")
        let deleted = try DicomFS.run("delete", "--archive", served.archive, try #require(studies.first).id)
        #expect(deleted.output == "deleted 3 instances\n")
        #expect(try served.files() == [])
        #expect(try Program.run("ls", ["-A", served.mount]).output == "")
        let swept = try DicomFS.json([String: Int].self, "gc", "--archive", served.archive)
        #expect(swept["chunks"] == 3)
    }

    /// Path, inode number, size and time of every file.
    private func inodes(_ served: ServedArchive) throws -> [Substring] {
        try Program.run("find", [served.mount, "-type", "f", "-printf", "%P %i %s %T@\\n"]).output.split(
            separator: "\n"
        )
        .sorted()
    }

    /// What dcmdump says of the data set.
    private func dataSetLines(_ dump: String) -> [Substring] {
        dump.split(separator: "\n").filter { $0.hasPrefix("(") && !$0.hasPrefix("(0002,") }
    }
}
