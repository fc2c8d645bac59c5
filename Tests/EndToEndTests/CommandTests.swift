import Foundation
import TestSupport
import Testing

/// The commands, on an archive in place and on one that is served.
struct CommandTests {
    @Test func `a command on an archive that does not exist says so and exits with 66`() throws {
        let folder = try TemporaryFolder()
        let archive = folder.appending("none")
        for command in [
            ["list"], ["show", "0123456789"], ["stats"], ["verify"], ["delete", "0123456789"], ["gc"],
            ["repair"], ["rebuild"], ["backup", folder.appending("backup")],
        ] {
            let done = try Program.run(DicomFS.path, command + ["--archive", archive])
            #expect(done.status == 66)
            #expect(done.errors == "dicomfs: \(archive) is no dicomfs archive; dicomfs import or serve makes one\n")
            #expect(done.output == "")
        }
        #expect(FileManager.default.fileExists(atPath: archive) == false)
    }

    @Test func `wrong usage exits with 64 and says what is right`() throws {
        let folder = try TemporaryFolder()
        let archive = folder.appending("archive")
        let mount = try folder.makeFolder("mnt")
        let wrong = [
            ["serve", "--archive", archive, "--mount", mount, "-o", "allow_others"],
            ["serve", "--archive", archive, "--mount", mount, "-o", "umask=9"],
            ["serve", "--archive", archive, "--mount", mount, "-o", "views=on"],
            ["serve", "--archive", archive, "--mount", mount, "-o", "views"],
            ["serve", "--archive", archive, "--mount", mount, "-o", "files="],
            ["serve", "--archive", archive, "--mount", mount, "-o", "files=dcm+jpg"],
            ["serve", "--archive", archive, "--mount", mount, "-o", "files=dcm,jpg"],
            ["serve", "--archive", archive, "--mount", mount, "-o", "files=dcm,uid=5,png"],
            ["serve", "--archive", archive, "--mount", mount, "-o", "json"],
            ["serve", "--archive", archive, "--mount", mount, "-o", "png=on"],
            ["serve", "--archive", archive, "--no-dicom"],
            ["serve", "--archive", archive, "--dicom-port", "65536"],
            ["serve", "--archive", archive, "--aet", "A TITLE"],
            ["list", "--archive", archive, "--level", "image"],
            ["list"],
        ]
        for arguments in wrong {
            let done = try Program.run(DicomFS.path, arguments)
            #expect(done.status == 64, "\(arguments)")
            #expect(done.errors.hasPrefix("Error: "), "\(done.errors)")
        }
        let level = try DicomFS.run("list", "--archive", archive, "--level", "image")
        #expect(level.errors.contains("'patient', 'study', 'series' or 'instance'"))
        #expect(FileManager.default.fileExists(atPath: archive) == false)
    }

    @Test func `import follows a link to a folder that it is given, and none that it comes across`() throws {
        let folder = try TemporaryFolder()
        let study = folder.appending("study")
        _ = try Study.make(in: study, images: 2)
        let files = FileManager.default
        try files.createSymbolicLink(atPath: folder.appending("link"), withDestinationPath: study)
        try files.createSymbolicLink(atPath: study + "/again", withDestinationPath: study)
        let done = try DicomFS.run("import", "--archive", folder.appending("archive"), folder.appending("link"))
        #expect(done.output == "stored 2, already stored 0, new versions 0, skipped 0, refused 0\n")
    }

    @Test func `import takes a file whose name is no UTF-8`() throws {
        let folder = try TemporaryFolder()
        let file = try Study.make(in: folder.appending("study"), images: 1)[0]
        // ISO 8859-1, as on old discs.
        let move = #"mv "$0" "$(printf '%s/M\374ller.dcm' "${0%/*}")""#
        #expect(try Program.run("sh", ["-c", move, file]).status == 0)
        let done = try DicomFS.run("import", "--archive", folder.appending("archive"), folder.appending("study"))
        #expect(done.output == "stored 1, already stored 0, new versions 0, skipped 0, refused 0\n")
    }

    @Test func `every command has a help with a sentence for each argument`() throws {
        let all = try DicomFS.run("--help").output
        for command in [
            "serve", "import", "list", "show", "export", "delete", "stats", "verify", "repair", "rebuild",
            "backup", "restore", "gc", "config", "peers",
        ] {
            #expect(all.contains("  \(command) "))
            let help = try DicomFS.run(command, "--help")
            #expect(help.status == 0)
            #expect(help.output.contains("--archive <dir>"))
        }
    }

    @Test func `a second serve is refused with the pid and the mount of the first, exit 75`() throws {
        let served = try ServedArchive()
        let folder = try TemporaryFolder()
        let second = try DicomFS.run(
            "serve", "--archive", served.archive, "--mount", folder.path, "--dicom-port", "0")
        #expect(second.status == 75)
        #expect(second.errors.contains("pid \(served.pid)"))
        #expect(second.errors.contains("mounted at \(served.mount)"))
        #expect(second.output == "")
        #expect(try served.answersEcho())
    }

    @Test func `a mount point within the archive, or that is no folder, is refused`() throws {
        let folder = try TemporaryFolder()
        let archive = folder.appending("archive")
        let cases = [
            (try folder.makeFolder("archive/mnt"), "lie within each other"),
            (folder.appending("none"), "No such file or directory; make it with mkdir"),
            (try folder.write("file", []), "it is not a directory"),
        ]
        for (mount, sentence) in cases {
            let done = try DicomFS.run("serve", "--archive", archive, "--mount", mount, "--dicom-port", "0")
            #expect(done.status == 1)
            #expect(done.errors.contains(sentence), "\(done.errors)")
        }
    }

    @Test func `an archive that would be made within its own mount is refused, whatever way its path takes`() throws {
        let folder = try TemporaryFolder()
        let mount = try folder.makeFolder("mnt")
        let link = folder.appending("link")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: mount)
        let done = try DicomFS.run("serve", "--archive", link + "/archive", "--mount", mount, "--dicom-port", "0")
        #expect(done.status == 1)
        #expect(done.errors.contains("lie within each other"), "\(done.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: mount) == [])
    }

    @Test func `a taken port is an error that names it`() throws {
        let served = try ServedArchive()
        let folder = try TemporaryFolder()
        let done = try DicomFS.run("serve", "--archive", folder.appending("a"), "--dicom-port", "\(served.port)")
        #expect(done.status == 1)
        #expect(done.errors.contains("127.0.0.1 port \(served.port)"))
        #expect(done.errors.contains("choose another --dicom-port"))
    }

    @Test func `commands answer the same in place and through the daemon`() throws {
        let folder = try TemporaryFolder()
        let archive = folder.appending("archive")
        _ = try Study.make(in: folder.appending("study"), images: 4)
        #expect(try DicomFS.run("import", "--archive", archive, folder.appending("study")).status == 0)
        let study = try #require(
            try DicomFS.json([Listed].self, "list", "--archive", archive, "--level", "study").first)
        let commands =
            [
                ["stats"], ["verify"], ["show", study.id], ["show", "0123456789"], ["delete", "0123456789"],
                ["show", "x"],
            ]
            + ["patient", "study", "series", "instance"].map { ["list", "--level", $0] }
            + [["list", "--level", "instance", "--parent", study.id]]
        func answers(_ archive: String) throws -> [String] {
            try commands.flatMap { command in
                try [[], ["--json"]].map { more in
                    let done = try Program.run(DicomFS.path, command + ["--archive", archive] + more)
                    return "\(command) \(done.status) \(done.output)\(done.errors)"
                }
            }
        }
        let inPlace = try answers(archive)
        let served = try ServedArchive(archive: archive)
        #expect(try answers(served.archive) == inPlace)
        #expect(inPlace.contains { $0.contains("SeriesDescription") })
    }

    @Test func `an export has the names of the tree, the bytes of the files and their times`() throws {
        let served = try ServedArchive()
        let folder = try TemporaryFolder()
        _ = try Study.make(in: folder.appending("study"), images: 3)
        #expect(try DicomFS.run("import", "--archive", served.archive, folder.appending("study")).status == 0)
        let patient = try #require(try DicomFS.json([Listed].self, "list", "--archive", served.archive).first)
        let target = folder.appending("out")
        let done = try DicomFS.run("export", "--archive", served.archive, patient.id, target)
        #expect(done.output == "exported 3 files to \(target)\n")
        let same = try Program.run("diff", ["-r", "--exclude=*.png", served.mount, target])
        #expect(same.status == 0, "\(same.output)")
        let again = try DicomFS.run("export", "--archive", served.archive, patient.id, target)
        #expect(again.status == 1)
        #expect(again.errors.contains("is there already; --force overwrites it"))
        #expect(try DicomFS.run("export", "--archive", served.archive, patient.id, target, "--force").status == 0)
        #expect(try Program.run("find", [target, "-name", "*.part"]).output == "")
    }

    @Test func `import tells apart stored, already stored, new version, skipped and refused`() throws {
        let folder = try TemporaryFolder()
        let study = folder.appending("study")
        let files = try Study.make(in: study, images: 3)
        let archive = folder.appending("archive")
        #expect(
            try DicomFS.run("import", "--archive", archive, study).output
                == "stored 3, already stored 0, new versions 0, skipped 0, refused 0\n")

        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: files[0])))
        bytes[bytes.count - 1] ^= 1
        let changed = try folder.write("study/changed.dcm", bytes)
        _ = try folder.write("study/truncated.dcm", Array(bytes.dropLast(100)))
        _ = try folder.write("study/readme.txt", Array("hello".utf8))
        _ = try folder.write("study/empty", [])
        let done = try DicomFS.run("import", "--archive", archive, study)
        #expect(done.output == "stored 0, already stored 3, new versions 1, skipped 2, refused 1\n")
        #expect(done.status == 1)
        #expect(done.errors.contains("refused \(study)/truncated.dcm: The data set ends at byte"))
        #expect(done.errors.contains("skipped \(study)/readme.txt: not a DICOM file"))

        let patient = try #require(try DicomFS.json([Listed].self, "list", "--archive", archive).first)
        let target = folder.appending("out")
        #expect(
            try DicomFS.run("export", "--archive", archive, patient.id, target, "--versions").output
                == "exported 4 files to \(target)\n")
        let second = try Program.run("find", [target, "-name", "*.v2.dcm"]).output.split(separator: "\n")
        #expect(try Program.run("cmp", [changed, String(try #require(second.first))]).status == 0)

        try FileManager.default.removeItem(atPath: study + "/truncated.dcm")
        #expect(try DicomFS.run("import", "--archive", archive, study).status == 0)
        #expect(try DicomFS.run("import", "--archive", archive, study, "--strict").status == 1)
        #expect(try DicomFS.run("import", "--archive", archive, study + "/none").status == 66)
    }
}
