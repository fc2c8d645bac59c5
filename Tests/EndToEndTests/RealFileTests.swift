import Foundation
import TestSupport
import Testing

/// The real files that pydicom carries, through both doors.
@Suite(.enabled(if: Python.testFiles != nil, "\(Python.missing)"))
struct RealFileTests {
    private struct Imported: Decodable {
        var stored: Int
        var alreadyStored: Int
        var newVersions: Int
        var skipped: [String]
        var refused: [String]
    }

    @Test func `every imported file is in the mount byte for byte, every other one is named with its reason`() throws {
        let folder = try #require(Python.testFiles)
        let served = try ServedArchive()
        let done = try Program.run(DicomFS.path, ["import", "--archive", served.archive, folder, "--json"])
        #expect(done.status == 1, "some are refused")
        let counts = try JSONDecoder().decode(Imported.self, from: Data(done.output.utf8))

        let sources = try digests(under: folder)
        let mounted = try digests(under: served.mount, named: "*.dcm")
        let reasons = counts.skipped + counts.refused
        // The image in the one compressed file is there as a file of its own too.
        let plain = sources.filter { !$0.path.hasSuffix("/zipMR.gz") }
        #expect(plain.count == sources.count - 1)
        let stored = Set(plain.filter { file in !reasons.contains { $0.hasPrefix(file.path + ": ") } }.map(\.digest))
        // One more than once, under another name.
        #expect(counts.stored + counts.newVersions == stored.count)
        #expect(counts.stored + counts.newVersions + counts.alreadyStored + reasons.count == sources.count)
        #expect(mounted.count == counts.stored)
        #expect(Set(mounted.map(\.digest)).isSubset(of: stored))

        // The versions of an instance are beside it, under names that are not listed.
        let instances = try DicomFS.json([Listed].self, "list", "--archive", served.archive, "--level", "instance")
        var read = Set(mounted.map(\.digest))
        for instance in instances {
            for version in 1..<(instance.versions ?? 1) + 1 where version > 1 {
                let path = "\(served.mount)/\(instance.path.dropLast(4)).v\(version).dcm"
                read.insert(try digests(of: [path])[0].digest)
            }
        }
        #expect(read == stored)
        #expect(reasons.allSatisfy { $0.contains(": ") && $0.count < 400 })
        #expect(counts.refused.count == 12)
    }

    @Test func `what pynetdicom sends of them is in the mount with an equal data set`() throws {
        let folder = try #require(Python.testFiles)
        let served = try ServedArchive()
        let sent = try Python.run(Self.sendAll, [folder, "\(served.port)", served.mount])
        #expect(sent.status == 0, "\(sent.output)\(sent.errors)")
        let lines = sent.output.split(separator: "\n")
        #expect(lines.last?.hasPrefix("equal ") == true, "\(sent.output)")
        #expect(lines.filter { $0.hasPrefix("other") } == [])
        #expect(served.isRunning)
    }

    /// Sends each file as it is encoded, then looks for its data set among the files of the mount.
    private static let sendAll = """
        import sys, os, hashlib, warnings, logging
        warnings.simplefilter('ignore'); logging.disable(logging.CRITICAL)
        import pydicom
        from pydicom.filereader import read_preamble, _read_file_meta_info
        from pynetdicom import AE, _config
        _config.STORE_SEND_CHUNKED_DATASET = True
        folder, port, mount = sys.argv[1:4]
        def split(path):
            with open(path, 'rb') as f:
                read_preamble(f, False); meta = _read_file_meta_info(f)
                return meta, hashlib.sha256(f.read()).hexdigest()
        sent = []
        for base, _, names in os.walk(folder):
            for name in sorted(names):
                path = os.path.join(base, name)
                try:
                    meta, digest = split(path)
                    ds = pydicom.dcmread(path, stop_before_pixels=True)
                    uids = meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID, ds.StudyInstanceUID, ds.SOPInstanceUID
                except Exception:
                    continue
                if meta.MediaStorageSOPClassUID == '1.2.840.10008.1.3.10': continue
                ae = AE(); ae.add_requested_context(uids[0], uids[1])
                assoc = ae.associate('127.0.0.1', int(port), ae_title='DICOMFS')
                if not assoc.is_established:
                    print('other: no association for', path); continue
                status = assoc.send_c_store(path)
                assoc.release()
                if status.Status in (0, 0xB007): sent.append((path, digest))
                elif status.Status not in (0xC000, 0xA900): print('other: status', hex(status.Status), path)
        mounted = set()
        for base, _, names in os.walk(mount):
            for name in names:
                if not name.endswith('.dcm'): continue
                mounted.add(split(os.path.join(base, name))[1])
                for version in range(2, 9):
                    other = os.path.join(base, name[:-4] + f'.v{version}.dcm')
                    if not os.path.exists(other): break
                    mounted.add(split(other)[1])
        for path, digest in sent:
            if digest not in mounted: print('other: not equal', path)
        print('equal', sum(digest in mounted for _, digest in sent), 'of', len(sent))
        sys.exit(0 if len(sent) > 100 else 1)
        """

    private struct FileDigest {
        var digest: String
        var path: String
    }

    private func digests(under folder: String, named pattern: String = "*") throws -> [FileDigest] {
        let found = try Program.run("find", ["-L", folder, "-type", "f", "-name", pattern])
        return try digests(of: found.output.split(separator: "\n").map { String($0) })
    }

    private func digests(of paths: [String]) throws -> [FileDigest] {
        let summed = try Program.run("sha256sum", ["--"] + paths)
        guard summed.status == 0 else { throw UnexpectedExit(program: summed) }
        return summed.output.split(separator: "\n").map {
            FileDigest(digest: String($0.prefix(64)), path: String($0.dropFirst(66)))
        }
    }
}
