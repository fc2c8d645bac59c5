import Foundation
import TestSupport
import Testing

/// What holds of every single file of a mount with all of pydicom's real files.
@Suite(.enabled(if: Python.testFiles != nil, "\(Python.missing)"), .realFiles)
struct WholeArchiveTests {
    let mount = SharedArchive.current.mount
    private let sources = SharedArchive.current.sources

    @Test func `st_size is what read, mmap, tar and cp give, of every file in every view`() throws {
        let folder = try TemporaryFolder()
        let views = "\(mount)/.views"
        let named = (try? FileManager.default.contentsOfDirectory(atPath: views)) ?? []
        let roots = [mount] + named.filter { $0.hasPrefix("by-") }.sorted().map { "\(views)/\($0)" }
        for (place, root) in roots.enumerated() {
            let copied = folder.appending("cp\(place)")
            let unpacked = try folder.makeFolder("tar\(place)")
            let copy = try Program.run("cp", ["-a", root, copied])
            #expect(copy.status == 0 && copy.errors == "", "\(copy.errors)")
            let packing = "tar -C \"$1\" -cf - . | tar -C \"$2\" -xf -"
            let tar = try Program.run("bash", ["-o", "pipefail", "-c", packing, "tar", root, unpacked])
            #expect(tar.status == 0 && tar.errors == "", "\(tar.errors)")
            let looked = try Python.run(Self.look, [root, copied, unpacked])
            #expect(looked.status == 0, "\(looked.output)\(looked.errors)")
            print("\(place == 0 ? "the tree" : root): \(looked.output)", terminator: "")
            let counts = looked.output.split(separator: " ").compactMap { Int($0) }
            #expect(counts.count == 2 && counts[0] > 200 && counts[0] == counts[1])
        }
    }

    /// Compares each file of the mount with its copies, and looks at what is beside it unlisted; prints how many there are.
    private static let look = """
        import hashlib, mmap, os, sys
        root, *copies = sys.argv[1:]
        files = equal = 0
        def content(path):
            with open(path, 'rb', buffering=0) as file:
                parts = []
                # Across the boundaries of pages and chunks.
                while part := file.read(100003): parts.append(part)
                return b''.join(parts)
        def fail(error): raise error
        for base, _, names in os.walk(root, onerror=fail):
            for name in names:
                path = os.path.join(base, name)
                ends = ['.json', *(f'.v{number}.dcm' for number in range(2, 30))] if name.endswith('.dcm') else []
                for place, path in enumerate([path, *(path[:-4] + end for end in ends)]):
                    if place and not os.path.exists(path): continue
                    files += 1
                    status, read = os.stat(path), content(path)
                    with open(path, 'rb') as file:
                        assert os.fstat(file.fileno()).st_size == status.st_size
                        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
                        assert len(mapped) == status.st_size, path
                        assert mapped[:] == read, path
                    assert len(read) == status.st_size, (path, len(read), status.st_size)
                    for copy in copies if not place else ():
                        other = os.path.join(copy, os.path.relpath(path, root))
                        assert os.stat(other).st_size == status.st_size and content(other) == read, other
                        assert int(os.stat(other).st_mtime) == int(status.st_mtime), other
                    equal += 1
        print(files, 'files,', equal, 'equal')
        """

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
}
