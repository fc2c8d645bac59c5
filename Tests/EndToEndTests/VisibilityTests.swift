import Foundation
import TestSupport
import Testing

/// What a sender was told is stored can be read at once.
@Suite(.enabled(if: Python.path != nil, "\(Python.missing)"))
struct VisibilityTests {
    @Test func `each of 1,000 instances is there for stat and ls when its answer arrives`() throws {
        let folder = try TemporaryFolder()
        _ = try Study.make(in: folder.appending("study"), images: 1000, size: 8, noise: true)
        // Another archive tells the names beforehand, so that each can be looked up before it is there.
        let other = folder.appending("other")
        #expect(try DicomFS.run("import", "--archive", other, folder.appending("study")).status == 0)
        let names = try DicomFS.json([Listed].self, "list", "--archive", other, "--level", "instance")
        let lines = names.map { "\($0.sopInstanceUID ?? "") \($0.path)" }.joined(separator: "\n")

        let served = try ServedArchive()
        let sent = try Python.run(
            Self.sendAndLook, [folder.appending("study"), "\(served.port)", served.mount], input: lines)
        #expect(sent.status == 0, "\(sent.output)\(sent.errors)")
        #expect(sent.output == "seen 1000 of 1000\n")
    }

    private static let sendAndLook = """
        import os, sys, threading
        import pydicom
        from pynetdicom import AE
        folder, port, mount = sys.argv[1:4]
        paths = dict(line.split(' ', 1) for line in sys.stdin.read().split('\\n'))
        sources = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
        first = pydicom.dcmread(sources[0])
        ae = AE(); ae.add_requested_context(first.SOPClassUID, first.file_meta.TransferSyntaxUID)
        assoc = ae.associate('127.0.0.1', int(port), ae_title='DICOMFS')
        done = False
        def disturb():
            while not done:
                for base, _, names in os.walk(mount):
                    for name in names:
                        try: os.stat(os.path.join(base, name))
                        except FileNotFoundError: pass
        other = threading.Thread(target=disturb); other.start()
        seen = 0
        for source in sources:
            path = os.path.join(mount, paths[pydicom.dcmread(source, specific_tags=['SOPInstanceUID']).SOPInstanceUID])
            assert not os.path.exists(path)
            status = assoc.send_c_store(source)
            assert status.Status == 0, hex(status.Status)
            if os.path.exists(path) and os.path.basename(path) in os.listdir(os.path.dirname(path)): seen += 1
        assoc.release(); done = True; other.join()
        print('seen', seen, 'of', len(sources))
        """
}
