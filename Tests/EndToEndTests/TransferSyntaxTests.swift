import Foundation
import TestSupport
import Testing

/// Instances whose transfer syntax DCMTK does not know, sent by pynetdicom.
@Suite(.enabled(if: Python.path != nil, "\(Python.missing)"))
struct TransferSyntaxTests {
    @Test(arguments: [
        "1.2.840.10008.1.2.4.201",  // HTJ2K lossless
        "1.2.840.10008.1.2.4.203",  // HTJ2K
        "1.2.840.10008.1.2.4.110",  // JPEG XL lossless
        "1.2.840.10008.1.2.1.98",  // encapsulated uncompressed
        "1.2.826.0.1.3680043.10.1462.99.1",  // private
    ])
    func `an instance in it arrives byte for byte`(transferSyntax: String) throws {
        let served = try ServedArchive()
        let folder = try TemporaryFolder()
        let path = folder.appending("sent.dcm")
        let sent = try Python.run(Self.send, [transferSyntax, "\(served.port)", path])
        #expect(sent.status == 0, "\(sent.output)\(sent.errors)")
        let file = try #require(try served.files(".dcm").first)
        let source = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let stored = try served.read(file)
        #expect(Self.dataSet(stored) == Self.dataSet(source))
        #expect(Self.dataSet(stored).count > 5000)
        let dumped = try Program.run("/usr/bin/dcmdump", ["-q", "+P", "0002,0010", "\(served.mount)/\(file)"])
        #expect(dumped.output.contains(transferSyntax))
    }

    /// What follows group 2, whose length stands at byte 140.
    private static func dataSet(_ file: [UInt8]) -> ArraySlice<UInt8> {
        let length = file[140..<144].reversed().reduce(0) { $0 << 8 | Int($1) }
        return file[(144 + length)...]
    }

    private static let send = """
        import sys
        import pydicom
        from pydicom.dataset import Dataset, FileMetaDataset
        from pydicom.encaps import encapsulate
        from pydicom.uid import UID
        from pynetdicom import AE, _config
        syntax, port, path = sys.argv[1:4]
        ds = Dataset()
        ds.SOPClassUID = '1.2.840.10008.5.1.4.1.1.7'; ds.SOPInstanceUID = '1.2.3.4.5'
        ds.StudyInstanceUID = '1.2.3'; ds.SeriesInstanceUID = '1.2.3.4'; ds.PatientID = 'P'; ds.Modality = 'OT'
        ds.Rows = ds.Columns = 64; ds.BitsAllocated = ds.BitsStored = 8; ds.HighBit = 7; ds.SamplesPerPixel = 1
        ds.PhotometricInterpretation = 'MONOCHROME2'; ds.PixelRepresentation = 0; ds.NumberOfFrames = 3
        ds.PixelData = encapsulate([bytes([n]) * (1000 + 2 * n) for n in (1, 2, 3)] + [b'\\xff\\xd9' * 1500])
        ds['PixelData'].VR = 'OB'; ds['PixelData'].is_undefined_length = True
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = UID(syntax)
        ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID; ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        pydicom.dcmwrite(path, ds, enforce_file_format=True, implicit_vr=False, little_endian=True)
        _config.STORE_SEND_CHUNKED_DATASET = True
        ae = AE(); ae.add_requested_context(ds.SOPClassUID, UID(syntax))
        assoc = ae.associate('127.0.0.1', int(port), ae_title='DICOMFS')
        assert assoc.is_established
        status = assoc.send_c_store(path)
        assoc.release()
        sys.exit(0 if status.Status == 0 else 1)
        """
}
