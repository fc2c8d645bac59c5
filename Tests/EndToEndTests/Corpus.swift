import Foundation
import TestSupport

/// Two patients, three studies, four series and eight CT images, to be asked for.
///
/// | patient | study | series | images |
/// |---|---|---|---|
/// | P1 | 1 | 1.1 | 1.1.1, 1.1.2, 1.1.3 |
/// | P1 | 1 | 1.2 | 1.2.1, 1.2.2 |
/// | P1 | 2 | 2.1 | 2.1.1 |
/// | P2 | 3 | 3.1 | 3.1.1, 3.1.2 |
enum Corpus {
    /// What all UIDs begin with: that of study 1 is this, a dot and 1.
    static let root = "1.2.826.0.1.3680043.10.1462.9"

    /// Writes it to a folder, each image in the file of its number: `1.2.1.dcm`.
    static func make(in folder: String) throws {
        let source = try TemporaryFolder()
        let made = try Python.run(
            maker, try Study.make(in: source.appending("one"), images: 1, size: 16) + [folder, root])
        guard made.status == 0 else { throw UnexpectedExit(program: made) }
    }

    private static let maker = """
        import os, sys
        import pydicom
        source, folder, root = sys.argv[1:]
        os.makedirs(folder, exist_ok=True)
        shape = {('P1', 1, 1): 3, ('P1', 1, 2): 2, ('P1', 2, 1): 1, ('P2', 3, 1): 2}
        for (patient, study, series), images in shape.items():
            for image in range(1, images + 1):
                dataset = pydicom.dcmread(source)
                dataset.PatientID, dataset.PatientName = patient, f'{patient}^Name'
                dataset.StudyInstanceUID = f'{root}.{study}'
                dataset.SeriesInstanceUID = f'{root}.{study}.{series}'
                dataset.SOPInstanceUID = f'{root}.{study}.{series}.{image}'
                dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
                dataset.InstanceNumber = image
                dataset.save_as(f'{folder}/{study}.{series}.{image}.dcm')
        """
}

/// The bytes of a file's data set: what follows group 2, whose length stands at byte 140.
func dataSet(ofFile path: String) throws -> ArraySlice<UInt8> {
    let file = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    let length = file[140..<144].reversed().reduce(0) { $0 << 8 | Int($1) }
    return file[(144 + length)...]
}
