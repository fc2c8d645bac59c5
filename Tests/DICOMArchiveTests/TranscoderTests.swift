import ContentStore
import DICOM
import Foundation
import TestSupport
import Testing

@testable import DICOMArchive

/// The images that pydicom carries, in other transfer syntaxes, beside what pydicom reads from both.
@Suite(.enabled(if: Python.testFiles != nil, "\(Python.missing)")) struct TranscoderTests {
    private static let targets = [
        "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.70",
        "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90",
    ]

    /// What cannot be had, and why.
    private static func reason(_ name: String, _ target: String) -> String? {
        let isCompressed = !target.hasPrefix("1.2.840.10008.1.2.1") && target != "1.2.840.10008.1.2"
        switch name {
        case "JPEG2000-embedded-sequence-delimiter.dcm": return "its codestream is cut"
        case _ where name.hasPrefix("nested_priv_SQ") || name.hasPrefix("meta_missing"):
            return isCompressed ? "no rows and columns" : nil
        case _ where name.hasPrefix("liver"): return isCompressed ? "one bit a sample" : nil
        case _ where name.hasPrefix("rtdose") || name.contains("32bit") || name == "badVR.dcm":
            return isCompressed && target != "1.2.840.10008.1.2.5" ? "32 bits a sample" : nil
        default: return nil
        }
    }

    @Test(arguments: targets)
    func `pixel values and elements of every real image stay the same`(target: String) throws {
        let folder = try TemporaryFolder()
        let names = try PictureReference.files(copiedTo: folder)
        var isTranscoded: Set<String> = []
        for (place, name) in names.enumerated() {
            let test = try ArchiveUnderTest()
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.appending("\(place).dcm"))))
            // Some are refused, which is another test's.
            guard let outcome = try? test.importFile(bytes) else { continue }
            let file = try #require(try test.archive.file(try test.node(outcome)))
            do {
                let identity = file.recipe.identity
                var transcoded = try #require(
                    Part10Head.generated(
                        format: Part10Head.currentFormat, sopClassUID: identity.sopClassUID,
                        sopInstanceUID: identity.sopInstanceUID, transferSyntaxUID: target))
                try test.archive.transcode(file, to: target) { piece in
                    piece.withUnsafeBytes { transcoded.append(contentsOf: $0) }
                }
                _ = try folder.write("\(place).other.dcm", transcoded)
                isTranscoded.insert(name)
            } catch {
                #expect(Self.reason(name, target) != nil, "\(name): \(error)")
            }
        }
        #expect(isTranscoded.count > (target.hasSuffix(".5") ? 75 : 70))
        let compared = try Python.run(Self.compare, [folder.path] + names)
        #expect(compared.status == 0, "\(compared.errors)")
        #expect(compared.output == "", "what differs")
    }

    private static let compare = """
        import os, sys, warnings
        import numpy as np
        import pydicom
        warnings.simplefilter('ignore')
        folder, names = sys.argv[1], sys.argv[2:]
        LOSSY = {'1.2.840.10008.1.2.4.50', '1.2.840.10008.1.2.4.51', '1.2.840.10008.1.2.4.81',
                 '1.2.840.10008.1.2.4.91', '1.2.840.10008.1.2.4.203'}
        CHANGED = {'PixelData', 'PhotometricInterpretation', 'PlanarConfiguration', 'BitsAllocated', 'BitsStored', 'HighBit'}

        def elements(ds):
            return {e.keyword: e.value for e in ds
                    if not e.tag.is_private and e.keyword not in CHANGED and e.tag.element != 0}

        for place, name in enumerate(names):
            other = f'{folder}/{place}.other.dcm'
            if not os.path.exists(other): continue
            try:
                before, after = pydicom.dcmread(f'{folder}/{place}.dcm', force=True), pydicom.dcmread(other)
                was, now = elements(before), elements(after)
                # "1A" there.
                if name == 'badVR.dcm': was['NumberOfFrames'] = now['NumberOfFrames'] = None
                if was != now:
                    print(name, 'elements', [k for k in was.keys() | now.keys() if was.get(k) != now.get(k)][:5])
                try:
                    expected = before.pixel_array.astype(np.int64)
                except Exception:
                    continue
                found = after.pixel_array.astype(np.int64)
                lossy = before.file_meta.TransferSyntaxUID in LOSSY
                if expected.shape != found.shape:
                    print(name, expected.shape, found.shape)
                elif abs(expected - found).max() > (1 if lossy else 0):
                    print(name, 'pixels differ by up to', abs(expected - found).max())
            except Exception as error:
                print(name, 'cannot be read:', str(error)[:300].replace(chr(10), ' '))
        """
}
