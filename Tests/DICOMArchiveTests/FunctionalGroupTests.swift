import ContentStore
import DICOM
import Foundation
import TestSupport
import Testing

@testable import DICOMArchive

/// Enhanced multi-frame images, where each frame has a window and a rescale of its own.
@Suite(.enabled(if: Python.path != nil, "\(Python.missing)")) struct FunctionalGroupTests {
    /// Sequences of undefined length are header; of defined length, when they are long, they are cut out.
    @Test(arguments: ["undefined", "defined", "deflated"], [8, 1000])
    func `each frame is shown by its own functional groups`(length: String, frames: Int) throws {
        let folder = try TemporaryFolder()
        let made = try Python.run(Self.make, [folder.path, length, "\(frames)"])
        try #require(made.status == 0, "\(made.errors)")
        let test = try ArchiveUnderTest()
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.appending("frames.dcm"))))
        let node = try test.node(try test.importFile(bytes))
        let recipe = try #require(try test.archive.file(node)).recipe
        let isCut = recipe.scan.bulkElements.contains { $0.tag == .perFrameFunctionalGroupsSequence }
        #expect(isCut == (length != "undefined" && frames == 1000))
        for number in [1, 2, frames / 2, frames] {
            let frame = NodeID.frame(ordinal: recipe.frameOrdinal, number: number)
            let image = try #require(try test.archive.image(frame))
            // One row of 16 pixels: 48 bytes come before it, and a filter type.
            let pixels = image.bytes[49..<49 + 16].map { Int($0) }
            // Stored 0 to 15; the rescale adds the frame's number, and the window goes from there over 15 values.
            #expect(pixels == (0..<16).map { Int((Double($0) / 15 * 255).rounded()) }, "frame \(number)")
        }
    }

    private static let make = """
        import sys
        import numpy as np
        import pydicom
        from pydicom.dataset import Dataset, FileMetaDataset
        folder, length, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
        ds = Dataset()
        ds.SOPClassUID, ds.SOPInstanceUID = '1.2.840.10008.5.1.4.1.1.2.1', '1.2.3.4.5'
        ds.PatientID, ds.StudyInstanceUID, ds.SeriesInstanceUID = 'P1', '1.2.3', '1.2.3.4'
        ds.Rows, ds.Columns, ds.NumberOfFrames = 1, 16, count
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, 'MONOCHROME2'
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
        shared = Dataset()
        value = Dataset()
        value.RescaleSlope, value.RescaleIntercept, value.RescaleType = 2, -7, 'US'
        shared.PixelValueTransformationSequence = [value]
        ds.SharedFunctionalGroupsSequence = [shared]
        groups = []
        for number in range(1, count + 1):
            group, value, window = Dataset(), Dataset(), Dataset()
            value.RescaleSlope, value.RescaleIntercept, value.RescaleType = 1, number, 'US'
            window.WindowCenter, window.WindowWidth = number + 8, 16
            window.WindowCenterWidthExplanation = 'own'
            group.PixelValueTransformationSequence, group.FrameVOILUTSequence = [value], [window]
            groups.append(group)
        ds.PerFrameFunctionalGroupsSequence = groups
        ds['PerFrameFunctionalGroupsSequence'].is_undefined_length = length == 'undefined'
        ds.PixelData = np.tile(np.arange(16, dtype='<u2'), count).tobytes()
        ds['PixelData'].VR = 'OW'
        ds.file_meta = FileMetaDataset()
        deflated = length == 'deflated'
        ds.file_meta.TransferSyntaxUID = '1.2.840.10008.1.2.1.99' if deflated else '1.2.840.10008.1.2.1'
        ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
        ds.save_as(f'{folder}/frames.dcm', implicit_vr=False, little_endian=True, enforce_file_format=True)
        """
}
