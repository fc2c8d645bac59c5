import Foundation
import Glibc
import TestSupport
import Testing

/// File handles, as an NFS server keeps them: name_to_handle_at(2) and open_by_handle_at(2).
@Suite(.enabled(if: geteuid() == 0, "only root can open a file by its handle (CAP_DAC_READ_SEARCH)"))
struct HandleTests {
    /// How many handles, from the environment variable DICOMFS_TEST_HANDLES; 200 without.
    private static let count =
        ProcessInfo.processInfo.environment["DICOMFS_TEST_HANDLES"].flatMap { Int($0) } ?? 200

    @Test func `every handle opens the same file after the daemon was killed and started again`() throws {
        let folder = try TemporaryFolder()
        // A .dcm and a .png each.
        _ = try Study.make(in: folder.appending("study"), images: max(2, Self.count / 2), size: 16, noise: true)
        let served = try ServedArchive()
        #expect(
            try DicomFS.run("import", "--archive", served.archive, folder.appending("study")).status == 0)
        let kept = folder.appending("handles")
        let taken = try Self.python(Self.take, served.mount, kept)
        #expect(taken.output == "\(2 * max(2, Self.count / 2)) files 4 directories\n", "\(taken.errors)")

        let gone = try #require(
            try DicomFS.json([Listed].self, "list", "--archive", served.archive, "--level", "instance").first)
        #expect(try DicomFS.run("delete", "--archive", served.archive, gone.id).status == 0)
        Processes.kill(Processes.named(served.archive))
        served.kill()
        try served.start()

        let opened = try Self.python(
            Self.reopen, served.mount, kept, gone.path.replacingOccurrences(of: ".dcm", with: ""))
        #expect(
            opened.output == "\(2 * max(2, Self.count / 2) + 4 - 2) same 2 stale\n", "\(opened.output)\(opened.errors)")
    }

    private static func python(_ script: String, _ arguments: String...) throws -> Program {
        try Program.run("timeout", ["-k", "5", "600", "/usr/bin/python3", "-c", calls + script] + arguments)
    }

    /// The two system calls, which Python lacks.
    private static let calls = """
        import ctypes, errno, hashlib, json, os, stat, sys
        libc = ctypes.CDLL(None, use_errno=True)
        class Handle(ctypes.Structure):
            _fields_ = [('bytes', ctypes.c_uint), ('type', ctypes.c_int), ('data', ctypes.c_ubyte * 128)]
        def handle_of(path):
            handle, mount = Handle(bytes=128), ctypes.c_int()
            if libc.name_to_handle_at(-100, os.fsencode(path), ctypes.byref(handle), ctypes.byref(mount), 0):
                raise OSError(ctypes.get_errno(), path)
            return [handle.type, bytes(handle.data[:handle.bytes]).hex()]
        def opened(root, handle):
            data = bytes.fromhex(handle[1])
            handle = Handle(bytes=len(data), type=handle[0], data=(ctypes.c_ubyte * 128)(*data))
            file = libc.open_by_handle_at(root, ctypes.byref(handle), os.O_RDONLY)
            if file < 0: raise OSError(ctypes.get_errno(), 'open_by_handle_at')
            return file
        def content(file):
            if stat.S_ISDIR(os.fstat(file).st_mode): return sorted(os.listdir(file))
            digest = hashlib.sha256()
            while part := os.read(file, 1 << 20): digest.update(part)
            return digest.hexdigest()

        """

    private static let take = """
        mount, kept = sys.argv[1:]
        found, files, directories = [], 0, 0
        for base, _, names in os.walk(mount):
            for path in [base] + [os.path.join(base, name) for name in names]:
                file = os.open(path, os.O_RDONLY)
                found.append([os.path.relpath(path, mount), handle_of(path), os.fstat(file).st_ino, content(file)])
                os.close(file)
            files += len(names); directories += 1
        json.dump(found, open(kept, 'w'))
        print(files, 'files', directories, 'directories')
        """

    private static let reopen = """
        mount, kept, gone = sys.argv[1:]
        root = os.open(mount, os.O_RDONLY)
        same = stale = 0
        for path, handle, inode, before in json.load(open(kept)):
            try: file = opened(root, handle)
            except OSError as error:
                if error.errno == errno.ESTALE and path.startswith(gone + '.'): stale += 1
                else: print(path, error)
                continue
            now = content(file)
            # What the directory of the deleted one has lost.
            if os.path.dirname(gone) == path: before = [name for name in before if not os.path.join(path, name).startswith(gone)]
            if os.fstat(file).st_ino == inode and now == before: same += 1
            else: print(path, 'differs')
            os.close(file)
        print(same, 'same', stale, 'stale')
        """
}
