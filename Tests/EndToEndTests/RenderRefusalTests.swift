import Foundation
import TestSupport
import Testing

/// What `dicomfs render` cannot do: a sentence, an exit code, and no file.
@Suite(.enabled(if: Python.testFiles != nil, "\(Python.missing)"), .renderedFiles)
struct RenderRefusalTests {
    private let archive = SharedArchive.current.archive

    /// Renders to standard output and to a file; both fail the same way, and leave nothing.
    private func refusal(_ id: String, _ options: [String], status: Int32, in archive: String) throws -> String {
        let folder = try TemporaryFolder()
        let arguments = ["render", "--archive", archive, id] + options
        let piped = try Program.run(DicomFS.path, arguments)
        let written = try Program.run(DicomFS.path, arguments + ["-O", folder.appending("a.png")])
        for done in [piped, written] {
            #expect(done.status == status, "\(options)")
            #expect(done.output == "", "\(options)")
        }
        #expect(piped.errors == written.errors)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [], "\(options)")
        return piped.errors
    }

    /// In place and served.
    private func sentence(_ file: RenderedFile, _ options: String..., naming id: String? = nil) throws -> String {
        let folder = try TemporaryFolder()
        let own = folder.appending("archive")
        #expect(try DicomFS.run("import", "--archive", own, file.path).status == 0)
        let instance = try file.listed().id
        let served = try refusal(id ?? instance, options, status: 1, in: archive)
        #expect(try refusal(id ?? instance, options, status: 1, in: own) == served)
        #expect(served.hasPrefix("dicomfs: ") && served.hasSuffix("\n"))
        #expect(served.split(separator: "\n").count == 1, "\(served)")
        #expect(served.contains(id ?? instance), "\(served)")
        return served
    }

    @Test func `an identifier of nothing, and what is none, are named`() throws {
        let nothing = try sentence(.ct, naming: "0123456789")
        #expect(nothing == "dicomfs: nothing in the archive has the identifier 0123456789\n")
        #expect(try sentence(.ct, naming: "rtplan").contains("is no identifier"))
    }

    @Test func `a study, a series and a patient are not rendered`() throws {
        for level in ["patient", "study", "series"] {
            let listed = try DicomFS.json([Listed].self, "list", "--archive", archive, "--level", level)
            let id = try #require(listed.first).id
            let refused = try refusal(id, [], status: 1, in: archive)
            #expect(refused == "dicomfs: \(id) is a \(level): give the identifier of an instance\n")
        }
    }

    @Test func `a frame that is not there is refused with those that are`() throws {
        #expect(try sentence(.frames, "--frame", "31").contains("has frames 1 to 30, not 31"))
        #expect(try sentence(.ct, "--frame", "2").contains("has frames 1 to 1, not 2"))
        #expect(try sentence(.frames, "--frame", "9223372036854775807").contains("not 9223372036854775807"))
    }

    @Test func `an instance without a picture says so, and colour has none of stored values`() throws {
        #expect(try sentence(.plan).contains("has no picture"))
        #expect(try sentence(.plan, "--raw16").contains("has no picture"))
        #expect(try sentence(.frames, "--raw16").contains("has no picture of stored values"))
    }

    @Test func `pixels that cannot be decoded are named with frame, transfer syntax and reason`() throws {
        for options in [[], ["--raw16"]] {
            let refused = try refusal(RenderedFile.undecodable.listed().id, options, status: 1, in: archive)
            #expect(refused.contains("frame 1 of instance \(try RenderedFile.undecodable.listed().id)"))
            #expect(refused.contains("(1.2.840.10008.1.2.4.91) cannot be decoded: "), "\(refused)")
            #expect(refused.split(separator: "\n").count == 1, "\(refused)")
        }
        _ = try sentence(.undecodable)
    }

    @Test(arguments: [
        ["--frame", "0"], ["--frame=-1"], ["--frame", "one"], ["--window", "40"], ["--window", "40,400,1"],
        ["--window", "a,b"], ["--window", "40,0.5"], ["--window", "nan,400"], ["--window", "40,inf"],
        ["--window", "40,400", "--raw16"], ["--overlays", "--raw16"],
    ])
    func `wrong arguments exit with 64 and a word on what is right`(options: [String]) throws {
        let refused = try refusal(RenderedFile.ct.listed().id, options, status: 64, in: archive)
        #expect(refused.hasPrefix("Error: "), "\(refused)")
        #expect(refused.contains(options[0].split(separator: "=")[0]), "\(refused)")
    }

    @Test func `a file that is there is overwritten with force only`() throws {
        let folder = try TemporaryFolder()
        let id = try RenderedFile.ct.listed().id
        let path = try folder.write("a.png", Array("mine".utf8))
        func content() throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }
        let refused = try DicomFS.run("render", "--archive", archive, id, "-O", path)
        #expect(refused.status == 1)
        #expect(refused.errors == "dicomfs: \(path) is there already; --force overwrites it\n")
        #expect(try content() == Array("mine".utf8))
        // Nor when there is nothing to overwrite it with.
        let plan = try RenderedFile.plan.listed().id
        #expect(try DicomFS.run("render", "--archive", archive, plan, "-O", path, "--force").status == 1)
        #expect(try content() == Array("mine".utf8))

        #expect(try DicomFS.run("render", "--archive", archive, id, "-O", path, "--force").status == 0)
        #expect(try content() == RenderedFile.ct.render())
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.png"])
    }

    @Test func `a place that cannot be written is named, and so is a full device`() throws {
        let folder = try TemporaryFolder()
        let id = try RenderedFile.ct.listed().id
        let place = try folder.makeFolder("b")
        let onto = try DicomFS.run("render", "--archive", archive, id, "-O", place, "--force")
        #expect(onto.status == 1)
        #expect(onto.errors.contains("cannot write \(place): "), "\(onto.errors)")
        let full = try Program.run(
            "sh", ["-c", #""$0" render "$@" > /dev/full"#, DicomFS.path, "--archive", archive, id])
        #expect(full.status == 1)
        #expect(full.errors.contains("standard output"), "\(full.errors)")
        #expect(full.errors.split(separator: "\n").count == 1, "\(full.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["b"])
    }
}
