import Foundation
import TestSupport
import Testing

/// What `-o files`, `png` and `views` make of the tree.
struct MountOptionTests {
    private static func endings(_ options: String) throws -> Set<String> {
        let served = try ServedArchive(options: ["-o", options])
        defer { served.stop() }
        let study = served.folder.appending("study")
        let images = try Study.make(in: study, images: 1, size: 8)
        #expect(try DicomFS.run("import", "--archive", served.archive, study).status == 0)
        let listed = try served.files()
        let stem = try #require(listed.first).split(separator: ".").dropLast().joined(separator: ".")
        // Whatever is listed, the file is there by its name.
        #expect(
            try served.read(stem + ".dcm").suffix(64) == Data(contentsOf: URL(fileURLWithPath: images[0])).suffix(64))
        return Set(listed.compactMap { $0.split(separator: ".").last.map { "\($0)" } })
    }

    @Test(arguments: [
        ("uid=0", ["dcm", "png"]), ("files=dcm,png,json,uid=0", ["dcm", "png", "json"]), ("files=json", ["json"]),
        ("files=dcm+json", ["dcm", "json"]), ("files=png,files=dcm", ["dcm"]), ("png=off,files=dcm,png", ["dcm"]),
        ("png=display,files=png", ["png"]),
    ])
    func `listings show the files that the options name`(options: String, expected: [String]) throws {
        #expect(try Self.endings(options) == Set(expected))
    }

    @Test func `views are there unless they are off, and listed when asked for`() throws {
        for (how, isThere, isListed) in [("hidden", true, false), ("listed", true, true), ("off", false, false)] {
            let served = try ServedArchive(options: ["-o", "views=\(how)"])
            defer { served.stop() }
            #expect(FileManager.default.fileExists(atPath: "\(served.mount)/.views/by-date/unknown") == isThere)
            let names = try FileManager.default.contentsOfDirectory(atPath: served.mount)
            #expect(names == (isListed ? [".views"] : []))
        }
    }
}
