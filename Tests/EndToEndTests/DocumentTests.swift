import Foundation
import TestSupport
import Testing

/// Documents that DCMTK encapsulates, as files of the mount.
@Suite(.enabled(if: Python.path != nil, "\(Python.missing)"), .documents)
struct DocumentTests {
    private let mount = SharedArchive.current.mount
    private let sources = SharedArchive.current.sources

    @Test(arguments: Document.all)
    func `a document is a file beside its instance, and there is no picture`(document: Document) throws {
        let stem = try stem(document)
        let folder = (stem as NSString).deletingLastPathComponent
        let entries = try FileManager.default.contentsOfDirectory(atPath: "\(mount)/\(folder)")
        let own = entries.map { "\(folder)/\($0)" }.filter { $0.hasPrefix(stem + ".") }
        #expect(own.sorted() == ["\(stem).dcm", "\(stem).\(document.suffix)"])
        for other in ["pdf", "xml", "stl", "obj", "mp4", "png", "frames"] where other != document.suffix {
            #expect(!FileManager.default.fileExists(atPath: "\(mount)/\(stem).\(other)"), "\(other)")
        }
    }

    @Test(arguments: Document.all)
    func `its bytes are those of the document, without the pad byte where its length is said`(document: Document)
        throws
    {
        let original = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(sources)/\(document.source)")))
        let path = "\(mount)/\(try stem(document)).\(document.suffix)"
        let mounted = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        #expect(original.count % 2 == (document.isOdd ? 1 : 0))
        let isPadded = document.isOdd && !document.saysLength
        let isSame = mounted == original + (isPadded ? [0] : [])
        #expect(isSame)
    }

    @Test func `a listing has the sizes before anything was read`() throws {
        let served = try ServedArchive()
        defer { served.stop() }
        let sources = try served.folder.makeFolder("sources")
        try Document.write(in: sources)
        #expect(try DicomFS.run("import", "--archive", served.archive, sources).status == 0)
        // The kernel corrects a size that is too large once a read ends before it.
        let listed = try Program.run(
            "find", [served.mount, "-type", "f", "!", "-name", "*.dcm", "-printf", "%P %s\\n"])
        let expected = try Document.all.map { document in
            let length = try Data(contentsOf: URL(fileURLWithPath: "\(sources)/\(document.source)")).count
            let size = document.saysLength ? length : length + length % 2
            return "\(try stem(document, in: served.archive)).\(document.suffix) \(size)"
        }
        #expect(listed.output.split(separator: "\n").map { String($0) }.sorted() == expected.sorted())
    }

    @Test(arguments: Document.all)
    func `its size is what reads give that fit no page and no chunk`(document: Document) throws {
        let path = "\(mount)/\(try stem(document)).\(document.suffix)"
        let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let file = try DirectFile(path)
        #expect(file.size == whole.count)
        for length in [whole.count > 100_000 ? 7919 : 7, 4095, 4097, 99_991] {
            #expect(try file.readAll(by: length) == whole, "by \(length)")
        }
        #expect(try file.read(whole.count - 1..<whole.count + 5) == whole.suffix(1))
        #expect(try file.read(whole.count..<whole.count + 1) == [])
    }

    @Test func `pdfinfo opens every PDF, and an XML parser the CDA`() throws {
        let found = try Program.run("find", [mount, "-name", "*.pdf"]).output.split(separator: "\n")
        #expect(found.count == Document.all.filter { $0.suffix == "pdf" }.count)
        for pdf in found {
            let read = try Program.run("pdfinfo", ["\(pdf)"])
            #expect(read.status == 0 && read.errors == "", "\(read.errors)")
            #expect(read.output.contains("Pages:           1\n"))
        }
        let cda = try #require(Document.all.first { $0.suffix == "xml" })
        let parsed = try Python.run(
            "import sys, xml.etree.ElementTree as tree; print(tree.parse(sys.argv[1]).getroot().tag)",
            ["\(mount)/\(try stem(cda)).xml"])
        #expect(parsed.output == "{urn:hl7-org:v3}ClinicalDocument\n", "\(parsed.errors)")
    }

    @Test func `tar and cp copy documents as they are`() throws {
        let folder = try TemporaryFolder()
        let (copied, unpacked) = (folder.appending("cp"), try folder.makeFolder("tar"))
        let done = try Program.run(
            "sh", ["-ec", #"cp -a "$0" "$1"; tar -C "$0" -cf - . | tar -C "$2" -xf -"#, mount, copied, unpacked])
        #expect(done.status == 0 && done.errors == "", "\(done.errors)")
        for copy in [copied, unpacked] {
            let same = try Program.run("diff", ["-r", mount, copy])
            #expect(same.status == 0, "\(same.output)\(same.errors)")
            for document in Document.all where document.saysLength {
                let (one, other) = ("\(copy)/\(try stem(document)).\(document.suffix)", "\(sources)/\(document.source)")
                #expect(try Program.run("cmp", [one, other]).status == 0, "\(document)")
            }
        }
    }

    @Test func `each view has every document`() throws {
        func documents(_ folder: String, _ prune: String) throws -> [Data] {
            let found = try Program.run(
                "find",
                [folder, "-name", prune, "-prune", "-o", "-type", "f", "!", "-name", "*.dcm", "-print"])
            return try found.output.split(separator: "\n").map { try Data(contentsOf: URL(fileURLWithPath: "\($0)")) }
                .sorted { $0.lexicographicallyPrecedes($1) }
        }
        let all = try documents(mount, ".views")
        #expect(all.count == Document.all.count)
        for view in ["by-uid", "by-study", "by-date", "by-id"] {
            #expect(try documents("\(mount)/.views/\(view)", "none") == all, "\(view)")
        }
        for document in Document.all {
            let path = "\(mount)/.views/by-uid/\(Document.study)/\(Document.series)/\(document.uid).\(document.suffix)"
            #expect(try Program.run("cmp", [path, "\(mount)/\(try stem(document)).\(document.suffix)"]).status == 0)
        }
    }

    @Test func `what files names is listed, and a document that is not can be opened by its name`() throws {
        for (files, listed) in [("dcm,png", ["dcm"]), ("doc", ["pdf", "stl", "xml"]), ("png", [])] {
            let served = try ServedArchive(options: ["-o", "files=\(files)"])
            defer { served.stop() }
            let sources = try served.folder.makeFolder("sources")
            try Document.write(in: sources)
            #expect(try DicomFS.run("import", "--archive", served.archive, sources).status == 0)
            #expect(Set(try served.files().compactMap { $0.split(separator: ".").last.map { "\($0)" } }) == Set(listed))
            for document in Document.all where document.saysLength {
                let path = "\(try stem(document, in: served.archive)).\(document.suffix)"
                let original = try Data(contentsOf: URL(fileURLWithPath: "\(sources)/\(document.source)"))
                #expect(try served.read(path) == [UInt8](original), "\(files) \(document)")
            }
        }
    }

    @Test func `the document of a deleted instance is gone at once, in the views too, and the others stay`() throws {
        let served = try ServedArchive()
        let sources = try served.folder.makeFolder("sources")
        try Document.write(in: sources)
        #expect(try DicomFS.run("import", "--archive", served.archive, sources).status == 0)
        let document = Document.all[0]
        let stem = try stem(document, in: served.archive)
        let instances = try DicomFS.json([Listed].self, "list", "--archive", served.archive, "--level", "instance")
        let id = try #require(instances.first { $0.sopInstanceUID == document.uid }).id
        let plain = id.replacingOccurrences(of: "-", with: "")
        let paths = [
            "\(stem).pdf", ".views/by-uid/\(Document.study)/\(Document.series)/\(document.uid).pdf",
            ".views/by-id/\(plain.prefix(2))/\(plain.dropFirst(2).prefix(2))/\(plain).pdf",
        ].map { "\(served.mount)/\($0)" }
        // The kernel knows all three.
        for path in paths { #expect(try Program.run("cmp", [path, "\(sources)/\(document.source)"]).status == 0) }

        #expect(try DicomFS.run("delete", "--archive", served.archive, id).status == 0)
        for path in paths {
            let read = try Program.run("cat", [path])
            #expect(read.status == 1 && read.output == "")
            #expect(read.errors.contains("No such file or directory"), "\(read.errors)")
        }
        #expect(try served.files().filter { !$0.hasSuffix(".dcm") }.count == Document.all.count - 1)
    }

    /// The path of a document's instance in the tree, without the end of its names.
    private func stem(_ document: Document, in archive: String = SharedArchive.current.archive) throws -> String {
        let instances = try DicomFS.json([Listed].self, "list", "--archive", archive, "--level", "instance")
        return String(try #require(instances.first { $0.sopInstanceUID == document.uid }).path.dropLast(4))
    }
}
