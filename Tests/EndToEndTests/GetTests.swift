import Foundation
import TestSupport
import Testing

/// `dicomfs get` from a served archive, which has instances in transfer syntaxes of all kinds.
@Suite(.enabled(if: Python.path != nil, "\(Python.missing)"))
struct GetTests {
    private let folder: TemporaryFolder
    private let files: String

    init() throws {
        folder = try TemporaryFolder()
        files = try folder.makeFolder("files")
    }

    private func serve(mayFind: Bool) throws -> (ServedArchive, address: String) {
        let rights = "echo, store, get" + (mayFind ? ", find" : "")
        let served = try ServedArchive(settings: "dicom: {unknown-peers: [\(rights)]}\n")
        let imported = try DicomFS.run("import", "--archive", served.archive, files)
        #expect(imported.status == 0, "\(imported.errors)")
        return (served, "DICOMFS@127.0.0.1:\(served.port)")
    }

    private func exported(_ archive: String) throws -> String {
        let out = folder.appending("exported")
        for patient in try DicomFS.json([Listed].self, "list", "--archive", archive, "--level", "patient") {
            #expect(try DicomFS.run("export", "--archive", archive, patient.id, out).status == 0)
        }
        return out
    }

    @Test func `instances come as they are stored, also what nobody can decode`() throws {
        let made = try Python.run(Self.make, [files])
        #expect(made.status == 0, "\(made.errors)")
        let sources = try dataSets(in: files)
        #expect(sources.count == 16)
        let (served, address) = try serve(mayFind: true)
        let archive = folder.appending("archive")
        let done = try DicomFS.run("get", "--archive", archive, address, "StudyInstanceUID=1.2.3")
        #expect(done.status == 0, "\(done.errors)")
        #expect(done.output == "fetched 16, failed 0\n")
        #expect(try dataSets(in: exported(archive)) == sources)
        #expect(served.stop() == 0)
    }

    @Test func `a peer that does not let us ask chooses, and what can be decoded comes uncompressed`() throws {
        let source = try #require(Python.testFiles) + "/JPEG2000.dcm"
        try FileManager.default.copyItem(atPath: source, toPath: files + "/1.dcm")
        let (served, address) = try serve(mayFind: false)
        let study = try Program.run("/usr/bin/dcmdump", ["-q", "+P", "0020,000d", source]).output
        let uid = try #require(study.split(separator: "[").last?.split(separator: "]").first)
        let archive = folder.appending("archive")
        let done = try DicomFS.run("get", "--archive", archive, address, "StudyInstanceUID=\(uid)")
        #expect(done.status == 0, "\(done.errors)")
        #expect(done.output == "fetched 1, failed 0\n")
        let out = try exported(archive)
        let name = try #require(
            FileManager.default.subpathsOfDirectory(atPath: out).first { $0.hasSuffix(".dcm") })
        let dumped = try Program.run("/usr/bin/dcmdump", ["-q", "-Un", "+P", "0002,0010", "\(out)/\(name)"])
        #expect(dumped.output.contains("[1.2.840.10008.1.2.1]"), "\(dumped.output)")
        #expect(served.stop() == 0)
    }

    @Test func `a peer's answers that are no SOP Classes do no harm`() throws {
        let script = """
            import subprocess
            def find(event):
                for text in ['1' * 70000, '1.2.3' * 20, 'x' * 300, '', '1.2.840.10008.5.1.4.1.1.2']:
                    answer = Dataset()
                    answer.add_new(0x00080016, 'LO', text)
                    answer.add_new(0x00083002, 'LO', text)
                    yield 0xFF00, answer
            def get(event):
                print(len(event.assoc.accepted_contexts))
                yield 1
                image = Dataset()
                image.SOPClassUID, image.SOPInstanceUID = CTImageStorage, '1.2.3.4'
                image.StudyInstanceUID, image.SeriesInstanceUID, image.PatientID = '1.2', '1.2.3', 'P'
                image.file_meta = FileMetaDataset()
                image.file_meta.TransferSyntaxUID = IMPLICIT
                yield 0xFF00, image
            provider = AE('STRANGE')
            for each in (StudyFind, StudyGet): provider.add_supported_context(each, IMPLICIT)
            provider.add_supported_context(CTImageStorage, IMPLICIT, scu_role=True, scp_role=True)
            server = provider.start_server(
                ('127.0.0.1', port), block=False, evt_handlers=[(evt.EVT_C_FIND, find), (evt.EVT_C_GET, get)])
            done = subprocess.run(
                [arguments[0], 'get', '--archive', arguments[1], f'STRANGE@127.0.0.1:{port}', 'StudyInstanceUID=1.2'],
                capture_output=True, text=True)
            print(done.returncode, done.stdout.strip(), done.stderr.strip())
            server.shutdown()
            """
        let said = try PythonPeer.run(
            script, port: LocalPort.free(), [DicomFS.path, folder.appending("archive")])
        #expect(said.last == "0 fetched 1, failed 0 ", "\(said)")
    }

    /// Two classes in eight transfer syntaxes each, of which those behind the first three are no pictures at all.
    private static let make = """
        import sys
        import pydicom
        from pydicom.dataset import Dataset, FileMetaDataset
        from pydicom.encaps import encapsulate
        from pydicom.uid import UID
        syntaxes = [
            '1.2.840.10008.1.2', '1.2.840.10008.1.2.1', '1.2.840.10008.1.2.5', '1.2.840.10008.1.2.4.50',
            '1.2.840.10008.1.2.4.90', '1.2.840.10008.1.2.4.102', '1.2.840.10008.1.2.4.201', '1.2.826.0.1.3680043.10.1462.99.1']
        classes = ['1.2.840.10008.5.1.4.1.1.7', '1.2.840.10008.5.1.4.1.1.3.1']
        for number, (sop_class, syntax) in enumerate((a, b) for a in classes for b in syntaxes):
            ds = Dataset()
            ds.SOPClassUID = sop_class; ds.SOPInstanceUID = f'1.2.3.4.{number}'
            ds.StudyInstanceUID = '1.2.3'; ds.SeriesInstanceUID = '1.2.3.4'; ds.PatientID = 'P'; ds.Modality = 'OT'
            ds.Rows = ds.Columns = 16; ds.BitsAllocated = ds.BitsStored = 8; ds.HighBit = 7; ds.SamplesPerPixel = 1
            ds.PhotometricInterpretation = 'MONOCHROME2'; ds.PixelRepresentation = 0
            if number % 8 < 2:
                ds.PixelData = bytes(range(256))
            else:
                ds.PixelData = encapsulate([bytes([number]) * 500])
                ds['PixelData'].is_undefined_length = True
            ds['PixelData'].VR = 'OW' if number % 8 == 0 else 'OB'
            ds.file_meta = FileMetaDataset()
            ds.file_meta.TransferSyntaxUID = UID(syntax)
            ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
            ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
            pydicom.dcmwrite(
                f'{sys.argv[1]}/{number}.dcm', ds, enforce_file_format=True, implicit_vr=number % 8 == 0, little_endian=True)
        """
}
