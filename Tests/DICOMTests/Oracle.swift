import DICOM
import Foundation
import TestSupport
import Testing

/// The real files of pydicom, and what pydicom reads in them.
enum Oracle {
    /// Every file of pydicom's data/test_files, DICOM or not.
    static let files: [RealFile] = {
        guard let root = Python.testFiles, let names = FileManager.default.enumerator(atPath: root) else { return [] }
        return names.compactMap { $0 as? String }.sorted().compactMap { name in
            var isFolder: ObjCBool = false
            let path = root + "/" + name
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else {
                return nil
            }
            return RealFile(path: path, name: name)
        }
    }()

    /// What pydicom reads, by path.
    static let readings: [String: Reading] = {
        let script = """
            import json, sys, warnings, logging
            warnings.simplefilter('ignore'); logging.disable(logging.CRITICAL)
            import pydicom
            from pydicom.filereader import read_preamble, _read_file_meta_info
            def text(ds, k):
                v = ds.get(k)
                return None if v is None else str(v)
            def key(k):
                return 'sop' + k[3:] if k.startswith('SOP') else k[0].lower() + k[1:]
            out = {}
            for path in sys.stdin.read().split('\\n'):
                if not path: continue
                try:
                    ds = pydicom.dcmread(path)
                    with open(path, 'rb') as f:
                        read_preamble(f, False); _read_file_meta_info(f); offset = f.tell()
                    r = {'offset': offset, 'syntax': str(ds.file_meta.get('TransferSyntaxUID', ''))}
                    for k in ('PatientID', 'PatientName', 'StudyInstanceUID', 'SeriesInstanceUID', 'SOPInstanceUID',
                              'StudyDescription', 'Modality'):
                        r[key(k)] = text(ds, k)
                    for k in ('Rows', 'Columns', 'BitsAllocated', 'PixelRepresentation'):
                        v = ds.get(k); r[key(k)] = v if isinstance(v, int) else None
                    v = ds.get('WindowCenter')
                    if v is not None and v != '':
                        r['windowCenter'] = [float(x) for x in (v if hasattr(v, '__iter__') else [v])]
                    r['tags'] = [int(t) for t in ds.keys() if t.group > 2]
                    out[path] = r
                except Exception as e:
                    pass
            print(json.dumps(out))
            """
        guard let read = try? Python.run(script, input: files.map(\.path).joined(separator: "\n")) else { return [:] }
        return (try? JSONDecoder().decode([String: Reading].self, from: Data(read.output.utf8))) ?? [:]
    }()

    struct Reading: Decodable {
        var offset: Int
        var syntax: String
        var patientID: String?
        var patientName: String?
        var studyInstanceUID: String?
        var seriesInstanceUID: String?
        var sopInstanceUID: String?
        var studyDescription: String?
        var modality: String?
        var rows: Int?
        var columns: Int?
        var bitsAllocated: Int?
        var pixelRepresentation: Int?
        var windowCenter: [Double]?
        var tags: [UInt32]
    }
}

/// A file of pydicom, named by its place in the folder.
struct RealFile: Sendable, CustomTestStringConvertible, Codable {
    var path: String
    var name: String

    var testDescription: String { name }

    /// All bytes of the file.
    func bytes() throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// The data set behind the head; nil when this is no DICOM file or a DICOMDIR.
    func dataSet() throws -> (bytes: [UInt8], head: Part10.Head)? {
        let bytes = try bytes()
        let count = min(bytes.count, Part10.bytesToRecognize)
        guard case .file(let head) = Part10.recognize(bytes.span.bytes.extracting(0..<count)) else { return nil }
        return (Array(bytes[head.length...]), head)
    }
}
