import Foundation
import TestSupport
import Testing

/// A size that is told is the size that is read. A mount of its own: what another test reads corrects the kernel's sizes.
@Suite(.enabled(if: Python.testFiles != nil, "\(Python.missing)"), .realFiles)
struct SizeTests {
    private let mount = SharedArchive.current.mount

    @Test func `st_size is what read, mmap, tar and cp give, of every file in every view`() throws {
        let folder = try TemporaryFolder()
        let views = "\(mount)/.views"
        let named = (try? FileManager.default.contentsOfDirectory(atPath: views)) ?? []
        let roots = [mount] + named.filter { $0.hasPrefix("by-") }.sorted().map { "\(views)/\($0)" }
        for (place, root) in roots.enumerated() {
            let looked = try Python.run(Self.look, [root, try folder.makeFolder("\(place)")])
            #expect(looked.status == 0, "\(looked.output)\(looked.errors)")
            print("\(place == 0 ? "the tree" : root): \(looked.output)", terminator: "")
            let counts = looked.output.split(separator: " ").compactMap { Int($0) }
            #expect(counts.count == 2 && counts[0] > 200 && counts[0] == counts[1])
        }
    }

    /// Compares each file of the mount, listed or not, with its size and copies; prints how many there are and are equal.
    private static let look = """
        import errno, mmap, os, subprocess, sys
        root, folder = sys.argv[1:]
        def fail(error): raise error
        # Before anything is read: a short read corrects the size that the kernel has.
        sizes, listed = {}, set()
        for base, _, names in os.walk(root, onerror=fail):
            for name in names:
                path = os.path.join(base, name)
                sizes[path] = os.stat(path).st_size
                listed.add(path)
                if not name.endswith('.dcm'): continue
                for end in ['.json', *(f'.v{number}.dcm' for number in range(2, 30))]:
                    other = path[:-4] + end
                    if os.path.exists(other): sizes[other] = os.stat(other).st_size

        # The one picture of pixels that nobody can decode: it has a size, and reading it is an error.
        broken = []
        for path in listed:
            try:
                open(path, 'rb').read(1)
            except OSError as error:
                assert error.errno == errno.EIO and path.endswith('.png'), error
                broken.append(path)
        assert len(broken) == 1, broken
        del sizes[broken[0]]

        copies = [folder + '/cp', folder + '/tar']
        cp = subprocess.run(['cp', '-a', root, copies[0]], stderr=subprocess.PIPE, text=True)
        assert cp.returncode == 1 and cp.stderr.count('\\n') == 1 and broken[0] in cp.stderr, cp.stderr
        os.mkdir(copies[1])
        pack = 'tar -C "$1" --exclude "$3" -cf - . | tar -C "$2" -xf -'
        tar = subprocess.run(['bash', '-o', 'pipefail', '-c', pack, 'tar', root, copies[1], os.path.basename(broken[0])],
                             stderr=subprocess.PIPE)
        assert tar.returncode == 0 and not tar.stderr, tar.stderr

        def content(path):
            with open(path, 'rb', buffering=0) as file:
                parts = []
                # Across the boundaries of pages and chunks.
                while part := file.read(100003): parts.append(part)
                return b''.join(parts)
        equal = 0
        for path, size in sizes.items():
            read = content(path)
            assert len(read) == size == os.stat(path).st_size, (path, len(read), size)
            with open(path, 'rb') as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                assert mapped[:] == read, path
            for copy in copies if path in listed else ():
                other = os.path.join(copy, os.path.relpath(path, root))
                assert content(other) == read, other
                assert int(os.stat(other).st_mtime) == int(os.stat(path).st_mtime), other
            equal += 1
        print(len(sizes), 'files,', equal, 'equal')
        """
}
