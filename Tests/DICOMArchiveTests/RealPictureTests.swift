import ContentStore
import DICOM
import Foundation
import TestSupport
import Testing

@testable import DICOMArchive

/// The images that pydicom carries, each beside what pydicom's decoders make of it.
@Suite(.enabled(if: Python.testFiles != nil, "\(Python.missing)")) struct RealPictureTests {
    /// All files of `pydicom/data/test_files` that have pixel data, and why one has no picture.
    private static let table = """
        693_J2KI.dcm
        CT_small.dcm
        ExplVR_BigEnd.dcm
        GDCMJ2K_TextGBR.dcm
        J2K_pixelrep_mismatch.dcm
        JPEG-lossy.dcm
        JPEG2000-embedded-sequence-delimiter.dcm: a cut codestream; pydicom cannot decode it either
        JPEG2000.dcm
        JPEGLSNearLossless_08.dcm
        JPEGLSNearLossless_16.dcm
        JPGExtended.dcm
        MR_small.dcm
        MR_small_RLE.dcm
        MR_small_bigendian.dcm
        MR_small_expb.dcm
        MR_small_implicit.dcm
        MR_small_jp2klossless.dcm
        MR_small_jpeg_ls_lossless.dcm
        MR_small_padded.dcm
        MR_truncated.dcm: refused: the pixel data is cut off
        SC_jpeg_no_color_transform.dcm
        SC_jpeg_no_color_transform_2.dcm
        SC_rgb_dcmtk_+eb+cr.dcm
        SC_rgb_dcmtk_+eb+cy+n1.dcm
        SC_rgb_dcmtk_+eb+cy+n2.dcm
        SC_rgb_dcmtk_+eb+cy+np.dcm
        SC_rgb_dcmtk_+eb+cy+s2.dcm
        SC_rgb_dcmtk_+eb+cy+s4.dcm
        SC_rgb_gdcm_KY.dcm
        SC_rgb_jls_lossy_line.dcm
        SC_rgb_jls_lossy_sample.dcm
        SC_rgb_jpeg.dcm
        SC_rgb_jpeg_app14_dcmd.dcm
        SC_rgb_jpeg_dcmd.dcm
        SC_rgb_jpeg_dcmtk.dcm
        SC_rgb_jpeg_gdcm.dcm
        SC_rgb_jpeg_lossy_gdcm.dcm
        SC_rgb_rle.dcm
        SC_rgb_rle_16bit.dcm
        SC_rgb_rle_16bit_2frame.dcm
        SC_rgb_rle_2frame.dcm
        SC_rgb_rle_32bit.dcm
        SC_rgb_rle_32bit_2frame.dcm
        SC_rgb_small_odd.dcm
        SC_rgb_small_odd_big_endian.dcm
        SC_rgb_small_odd_jpeg.dcm
        SC_ybr_full_422_uncompressed.dcm
        badVR.dcm
        dicomdirtests/77654033/CR1/6154
        dicomdirtests/77654033/CR2/6247
        dicomdirtests/77654033/CR3/6278
        dicomdirtests/77654033/CT2/17106
        dicomdirtests/77654033/CT2/17136
        dicomdirtests/77654033/CT2/17166
        dicomdirtests/77654033/CT2/17196
        dicomdirtests/98892001/CT2N/6293
        dicomdirtests/98892001/CT2N/6924
        dicomdirtests/98892001/CT5N/2062
        dicomdirtests/98892001/CT5N/2392
        dicomdirtests/98892001/CT5N/2693
        dicomdirtests/98892001/CT5N/3023
        dicomdirtests/98892001/CT5N/3353
        dicomdirtests/98892003/MR1/15820
        dicomdirtests/98892003/MR1/4919
        dicomdirtests/98892003/MR1/5641
        dicomdirtests/98892003/MR2/15970
        dicomdirtests/98892003/MR2/4950
        dicomdirtests/98892003/MR2/4981
        dicomdirtests/98892003/MR2/5011
        dicomdirtests/98892003/MR2/6273
        dicomdirtests/98892003/MR2/6605
        dicomdirtests/98892003/MR2/6935
        dicomdirtests/98892003/MR700/4467
        dicomdirtests/98892003/MR700/4528
        dicomdirtests/98892003/MR700/4558
        dicomdirtests/98892003/MR700/4588
        dicomdirtests/98892003/MR700/4618
        dicomdirtests/98892003/MR700/4648
        dicomdirtests/98892003/MR700/4678
        examples_jpeg2k.dcm
        examples_overlay.dcm
        examples_palette.dcm
        examples_rgb_color.dcm
        examples_ybr_color.dcm
        image_dfl.dcm
        liver_1frame.dcm
        liver_expb_1frame.dcm
        meta_missing_tsyntax.dcm: no image: two bytes of pixel data without rows and columns
        nested_priv_SQ.dcm: no image: two bytes of pixel data without rows and columns
        rtdose.dcm
        rtdose_1frame.dcm
        rtdose_expb.dcm
        rtdose_expb_1frame.dcm
        rtdose_rle.dcm
        rtdose_rle_1frame.dcm
        """

    private static let files: [(name: String, reason: String?)] = table.split(separator: "\n").map { line in
        let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
        return (parts[0], parts.count > 1 ? parts[1] : nil)
    }

    /// Files that pydicom has no decoder for, or cannot read: what they show is not compared.
    private static let unread: Set = [
        // A spectral selection that the sequential process does not have; DCMTK decodes it.
        "JPEG-lossy.dcm",
        // The number of frames is "1A".
        "badVR.dcm",
    ]

    @Test func `the table has every real file with pixel data`() throws {
        let folder = try TemporaryFolder()
        #expect(try PictureReference.files(copiedTo: folder) == Self.files.map(\.name).sorted())
    }

    @Test func `every real image has the pixels that pydicom decodes, and looks as numpy renders them`() throws {
        let folder = try TemporaryFolder()
        let names = try PictureReference.files(copiedTo: folder)
        for (place, name) in names.enumerated() {
            do {
                try write(folder, place)
            } catch {
                let reason = Self.files.first { $0.name == name }?.reason
                #expect(reason != nil, "\(name): \(error)")
            }
        }
        for verdict in try PictureReference.verdicts(names, folder) {
            let reason = Self.files.first { $0.name == verdict.name }?.reason
            let expected = reason != nil ? "no picture" : Self.unread.contains(verdict.name) ? "not read" : "ok"
            #expect(verdict.words == expected, "\(verdict.name)")
        }
    }

    /// Writes the pictures of a file, as `PLACE.FRAME.png`, and those of its stored values, as `PLACE.FRAME.raw.png`.
    private func write(_ folder: TemporaryFolder, _ place: Int) throws {
        let test = try ArchiveUnderTest()
        let bytes = try Data(contentsOf: URL(fileURLWithPath: folder.appending("\(place).dcm")))
        let node = try test.node(try test.importFile([UInt8](bytes)))
        let recipe = try #require(try test.archive.file(node)).recipe
        guard let pixels = recipe.pixels else { return }
        for frame in 0..<pixels.numberOfFrames {
            let ordinal = recipe.frameOrdinal
            let image = ordinal == 0 ? node.of(.png) : NodeID.frame(ordinal: ordinal, number: frame + 1)
            for (isRaw, suffix) in [(false, ""), (true, ".raw")] {
                guard let image = try test.archive.image(image, isRaw: isRaw) else { continue }
                #expect(UInt64(image.bytes.count) == (isRaw ? pixels.rawSize : pixels.pngSize))
                _ = try folder.write("\(place).\(frame)\(suffix).png", image.bytes)
            }
        }
    }
}
