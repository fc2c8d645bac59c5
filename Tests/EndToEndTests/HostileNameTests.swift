import Foundation
import TestSupport
import Testing

/// Names made of hostile values, as the kernel and a client of Samba see them.
@Suite(.serialized, .enabled(if: Python.path != nil, "\(Python.missing)"))
struct HostileNameTests {
    @Test func `any value makes names that are safe, unique and stay`() throws {
        let folder = try TemporaryFolder()
        let count = try HostileValues.write(to: folder.appending("values"), later: folder.appending("later"))
        #expect(count >= 500)
        let served = try ServedArchive()
        let sent = try Program.run(
            "/usr/bin/storescu",
            ["-nh", "-aec", "DICOMFS", "127.0.0.1", "\(served.port)", "+sd", folder.appending("values")],
            environment: ["TCP_NODELAY": "1"])
        // Refused are Patient IDs above 256 bytes, and nothing else.
        let refused = 15
        #expect(sent.status == 0 || sent.errors.contains("0xa900"), "\(sent.errors.suffix(400))")
        let before = try entries(served)
        #expect(before.filter { $0.hasSuffix(".dcm") }.count == 2 * count - refused)

        let looked = try Python.run(Self.look, [served.mount])
        #expect(looked.status == 0, "\(looked.errors)")
        #expect(looked.output == "\(before.count) entries\n")
        for command in [["find", served.mount, "-size", "+0"], ["ls", "-lR", served.mount]] {
            let done = try Program.run(command[0], Array(command.dropFirst()))
            #expect(done.status == 0 && done.errors == "", "\(done.errors)")
        }

        let nodes = try Program.run("find", [served.mount, "-mindepth", "1", "-printf", "%i %p\\n"]).output
            .split(separator: "\n").map { String($0) }
        #expect(try DicomFS.run("import", "--archive", served.archive, folder.appending("later")).status == 0)
        #expect(try self.entries(served).count > before.count + count / 2)
        // In a new mount each is looked up by its name: nothing has been listed.
        served.stop()
        try served.start()
        let found = try Program.run("stat", ["-c", "%i %n"] + before.map { "\(served.mount)/\($0)" })
        #expect(found.status == 0, "\(found.errors)")
        #expect(Set(found.output.split(separator: "\n").map { String($0) }) == Set(nodes))
    }

    @Test(.enabled(if: SambaShare.isPossible, "\(SambaShare.missing)"))
    func `Samba shows all of them as they are`() throws {
        let folder = try TemporaryFolder()
        let count = try HostileValues.write(to: folder.appending("values"), later: folder.appending("later"), step: 2)
        #expect(count >= 200)
        let served = try ServedArchive.forSamba()
        _ = try DicomFS.run("import", "--archive", served.archive, folder.appending("values"))
        let share = try SambaShare(served.mount)
        defer { share.stop() }
        let entries = try entries(served)
        #expect(entries.filter { $0.hasSuffix(".dcm") }.count > 2 * count - 15)
        #expect(try share.listing() == entries)
    }

    @Test func `names do not depend on the order in which instances arrive`() throws {
        let folder = try TemporaryFolder()
        let values = folder.appending("values")
        let count = try HostileValues.write(to: values, later: folder.appending("later"), step: 2)
        #expect(count >= 200)
        let files = try FileManager.default.contentsOfDirectory(atPath: values).sorted().map { "\(values)/\($0)" }
        let shuffled = files.sorted { $0.reversed().lexicographicallyPrecedes($1.reversed()) }
        var trees: Set<[String]> = []
        for (place, order) in [files, files.reversed(), shuffled].enumerated() {
            let archive = folder.appending("archive\(place)")
            _ = try Program.run(DicomFS.path, ["import", "--archive", archive] + order)
            let listed = try DicomFS.json([Listed].self, "list", "--archive", archive, "--level", "instance")
            #expect(listed.count > 2 * count - 15)
            trees.insert(listed.map(\.path).sorted())
        }
        #expect(trees.count == 1)
    }

    /// The paths of all entries of the mount.
    private func entries(_ served: ServedArchive) throws -> Set<String> {
        let found = try Program.run("find", [served.mount, "-mindepth", "1", "-printf", "%P\\n"])
        guard found.status == 0, found.errors == "" else { throw UnexpectedExit(program: found) }
        return Set(found.output.split(separator: "\n").map { String($0) })
    }

    /// Looks at every entry of the mount by bytes, and of its views.
    private static let look = #"""
        import itertools, os, re, sys, unicodedata
        devices = {'CON', 'PRN', 'AUX', 'NUL', *(d + n for d in ('COM', 'LPT') for n in '0123456789¹²³')}
        count = 0
        def fail(error): raise error
        mount = os.fsencode(sys.argv[1])
        views = os.path.join(mount, b'.views')
        named = [b'by-study', b'by-date', b'by-uid', b'by-id'] if os.path.isdir(views) else []
        walks = [os.walk(root, onerror=fail) for root in [mount, *(os.path.join(views, view) for view in named)]]
        for base, folders, files in itertools.chain(*walks):
            seen = set()
            for name in folders + files:
                path = os.path.join(base, name)
                assert len(name) <= 255, path
                text = name.decode('utf-8')
                assert text == unicodedata.normalize('NFC', text), path
                assert not re.search(r'[\x00-\x20\x7f/\\:*?"<>|$`\'!&;()\[\]{}#~%^]', text), path
                assert not any(unicodedata.category(c)[0] in 'CZ' for c in text if c < '\U00010000'), path
                # Cn: in a later Unicode than Python's.
                assert text[0].isalnum() or unicodedata.category(text[0]) == 'Cn', path
                assert text[-1] not in '. ', path
                assert text.split('.')[0].upper() not in devices, path
                folded = unicodedata.normalize('NFC', unicodedata.normalize('NFC', text).casefold())
                assert folded not in seen, path
                seen.add(folded)
                status = os.stat(path)
                if name in files:
                    with open(path, 'rb') as file: assert len(file.read()) == status.st_size, path
                count += not base.startswith(views)
        print(count, 'entries')
        """#
}
