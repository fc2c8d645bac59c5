import TestSupport
import Testing

/// Programs that copy, count and sum, over a mount with all of pydicom's real files.
@Suite(.enabled(if: Python.testFiles != nil, "\(Python.missing)"), .realFiles)
struct WholeArchiveTests {
    private let mount = SharedArchive.current.mount
    private let sources = SharedArchive.current.sources

    @Test func `each dcm has the digest of a file that was imported, and each imported file is there`() throws {
        let looked = try Python.run(Self.digests, [mount, sources, try #require(Python.testFiles)])
        #expect(looked.status == 0, "\(looked.output)\(looked.errors)")
        print(looked.output, terminator: "")
        let counts = try DicomFS.json(
            [Listed].self, "list", "--archive", SharedArchive.current.archive, "--level", "instance")
        let stored = counts.reduce(0) { $0 + ($1.versions ?? 1) }
        #expect(looked.output == "\(stored) dcm files have the digest of an imported file\n")
    }

    private static let digests = """
        import hashlib, os, sys
        mount, *sources = sys.argv[1:]
        def digest(path):
            with open(path, 'rb') as file: return hashlib.file_digest(file, 'sha256').hexdigest()
        imported = {digest(os.path.join(base, name))
                    for source in sources for base, _, names in os.walk(source) for name in names}
        mounted = set()
        for base, _, names in os.walk(mount):
            for name in names:
                if not name.endswith('.dcm'): continue
                for path in [name, *(name[:-4] + f'.v{number}.dcm' for number in range(2, 100))]:
                    path = os.path.join(base, path)
                    if not os.path.exists(path): break
                    mounted.add(digest(path))
        assert mounted <= imported, mounted - imported
        print(len(mounted), 'dcm files have the digest of an imported file')
        """

    /// The one image that nobody can decode, by its path from the mount on.
    private func undecodable() throws -> String {
        let looked = try shell("find . -type f -exec cat {} + >/dev/null", in: mount)
        let lines = looked.errors.split(separator: "\n")
        try #require(lines.count == 1, "\(looked.errors)")
        let parts = lines[0].split(separator: ": ").map { String($0) }
        #expect(parts.count == 3 && parts[1].hasSuffix(".png") && parts[2] == "Input/output error", "\(lines[0])")
        return String(parts[1].dropFirst(2))
    }

    @Test func `every file can be read, but the picture of pixels that cannot be decoded`() throws {
        let path = try undecodable()
        let instance = "\(mount)/\(path.dropLast(4)).dcm"
        let size = try Program.run("stat", ["-c", "%s", instance])
        // JPEG2000-embedded-sequence-delimiter.dcm
        #expect(size.output == "3308\n")
    }

    @Test func `a second rsync transfers nothing, nor does one that compares the bytes`() throws {
        let folder = try TemporaryFolder()
        let copy = folder.appending("copy/")
        let options = ["-a", "--exclude", try undecodable()]
        let first = try Program.run("rsync", options + ["--itemize-changes", "\(mount)/", copy])
        #expect(first.status == 0, "\(first.errors)")
        #expect(first.output.split(separator: "\n").filter { $0.hasPrefix(">f+++") }.count > 100)
        for more in [[], ["--checksum", "--hard-links"]] {
            let again = try Program.run("rsync", options + more + ["--itemize-changes", "\(mount)/", copy])
            #expect(again.status == 0 && again.output == "", "\(again.output)\(again.errors)")
        }
    }

    @Test func `find, du, ls and sha256sum count and sum as in a copy`() throws {
        let commands = [
            "find . -type f -size +100k | sort", "find . -type f -size -3c | sort",
            "find . -type f -printf '%s %p\\n' | sort",
            "find . -type f -newermt 2020-01-01 ! -perm /222 | sort",
            "find . -name '*.dcm' -exec sha256sum {} + | sort",
            "find . -type f -print0 | du --files0-from=- -cb --apparent-size | sort",
            "ls -lR --time-style=full-iso | grep '^-' | sort", "find . -type d | sort",
        ]
        let mounted = try commands.map { try shell($0, in: mount) }
        let folder = try TemporaryFolder()
        let copy = folder.appending("copy")
        let undecodable = try undecodable()
        let copied = try Program.run("cp", ["-a", mount, copy])
        #expect(copied.status == 1 && copied.errors.split(separator: "\n").count == 1, "\(copied.errors)")
        #expect(copied.errors.contains("\(undecodable)'"), "\(copied.errors)")
        // What cp made of it is not whole; its name, size and times are.
        for program in ["truncate -r", "chmod --reference", "touch -r"] {
            #expect(try shell("\(program) '\(mount)/\(undecodable)' '\(undecodable)'", in: copy).status == 0)
        }
        for (command, mounted) in zip(commands, mounted) {
            let copied = try shell(command, in: copy)
            #expect(mounted.status == 0 && mounted.errors == "", "\(command): \(mounted.errors)")
            #expect(mounted.output == copied.output, "\(command)")
        }
    }

    private func shell(_ command: String, in folder: String) throws -> Program {
        try Program.run("bash", ["-o", "pipefail", "-c", "cd \"$1\" && \(command)", "bash", folder])
    }

    @Test func `df and findmnt show the archive as a file system`() throws {
        let shown = try Program.run("df", ["--output=source,size,avail,target", mount])
        #expect(shown.status == 0)
        let fields = shown.output.split(separator: "\n").last?.split(separator: " ") ?? []
        #expect(fields.first.map { $0 == SharedArchive.current.archive } == true, "\(shown.output)")
        #expect(fields.count == 4 && Int(fields[1]) ?? 0 > 0 && Int(fields[2]) ?? 0 > 0)
        let found = try Program.run("findmnt", ["-n", "-o", "FSTYPE,OPTIONS", mount])
        #expect(found.output.hasPrefix("fuse.dicomfs ") && found.output.contains("ro,"), "\(found.output)")
    }
}
