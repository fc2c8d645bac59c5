import Foundation
import TestSupport
import Testing

/// A file manager that wants a picture of everything.
@Suite(.enabled(if: Python.testFiles != nil, "\(Python.missing)")) struct ThumbnailTests {
    @Test func `instances are stored, listed and read while the pictures of a whole study are still being made`() throws
    {
        let folder = try TemporaryFolder()
        let made = try Python.run(Self.make, [folder.path, "24"])
        try #require(made.status == 0, "\(made.errors)")
        let served = try ServedArchive()
        try #require(try DicomFS.run("import", "--archive", served.archive, folder.path).status == 0)
        let sent = try Study.make(in: served.folder.appending("study"), images: 3)
        let done = try Python.run(
            Self.browse, [served.mount, DicomFS.path, served.archive, "\(served.port)"] + sent)
        #expect(done.status == 0, "\(done.output)\(done.errors)")
        let counts = done.output.split(separator: " ").compactMap { Int($0) }
        #expect(counts.count == 3 && counts[0] == 3 && counts[1] > 0 && counts[2] == 24, "\(done.output)")
    }

    private static let make = """
        import sys
        import numpy as np
        import pydicom
        from pydicom.dataset import Dataset, FileMetaDataset
        folder, count = sys.argv[1], int(sys.argv[2])
        pixels = np.random.default_rng(1).integers(0, 4096, (1024, 1024), dtype=np.uint16)
        ds = Dataset()
        ds.SOPClassUID, ds.Modality = '1.2.840.10008.5.1.4.1.1.1', 'DX'
        ds.PatientID, ds.StudyInstanceUID, ds.SeriesInstanceUID = 'THUMB', '1.2.3', '1.2.3.4'
        ds.Rows = ds.Columns = 1024
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, 'MONOCHROME2'
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        ds.PixelData = pixels.tobytes()
        ds['PixelData'].VR = 'OW'
        ds.compress(pydicom.uid.JPEG2000Lossless, generate_instance_uid=False)
        for number in range(count):
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f'1.2.3.4.{number + 1}'
            ds.InstanceNumber = number + 1
            ds.save_as(f'{folder}/{number}.dcm', enforce_file_format=True)
        """

    /// Opens all pictures at once, sends instances meanwhile; prints how many of those are in the mount, how many pictures were not
    /// there yet by then, and how many are whole at the end.
    private static let browse = """
        import glob, json, os, subprocess, sys, threading
        mount, program, archive, port, *sent = sys.argv[1:]
        pictures = glob.glob(mount + '/THUMB*/*/*/*.png')
        whole = []
        def read(path):
            with open(path, 'rb') as file: data = file.read()
            if len(data) == os.stat(path).st_size: whole.append(path)
        readers = [threading.Thread(target=read, args=[path]) for path in pictures]
        for reader in readers: reader.start()
        def renders():
            done = subprocess.run([program, 'stats', '--archive', archive, '--live', '--json'], stdout=subprocess.PIPE, check=True)
            return json.loads(done.stdout)['archive']['renders']
        while renders() == 0: pass
        subprocess.run(['/usr/bin/storescu', '-aec', 'DICOMFS', '127.0.0.1', port, *sent], check=True,
                       env=dict(os.environ, TCP_NODELAY='1'))
        stored = [path for path in glob.glob(mount + '/*/*/*/*.dcm') if '/THUMB' not in path]
        for path in stored: open(path, 'rb').read()
        waiting = sum(reader.is_alive() for reader in readers)
        for reader in readers: reader.join()
        print(len(stored), 'stored', waiting, 'waiting', len(whole), 'whole')
        """
}
