import DICOM
import Imaging

extension Recipe.Pixels {
    /// The shape of the image a header describes; nil when the data set has no pixel data.
    init?(_ header: DataSetHeader, _ scan: ScannedDataSet, transferSyntaxUID: String) {
        let hasPixelData = scan.bulkElements.contains { $0.kind == .element && $0.tag.group == 0x7FE0 }
        guard hasPixelData, let module = ImagePixelModule(header) else { return nil }
        rows = max(0, module.rows)
        columns = max(0, module.columns)
        samplesPerPixel = max(0, module.samplesPerPixel)
        bitsAllocated = max(0, module.bitsAllocated)
        numberOfFrames = module.numberOfFrames
        photometricInterpretation = module.photometricInterpretation ?? ""
        // Colour tables are not needed for the shape.
        let description = PixelDescription(header, scan, transferSyntaxUID: transferSyntaxUID, isOutline: true) { _ in
            nil
        }
        guard let description, let shape = description.pngShape, let element = scan.pixelData else { return }
        // What the header claims beyond the bytes that are there has no image.
        let frames =
            element.declaredLength == nil
            ? max(0, scan.fragments.count - 1)
            : (Int(clamping: min(element.valueLength, 1 << 58)) * 8 + description.frameBits - 1) / description.frameBits
        guard frames > 0 else { return }
        numberOfFrames = min(numberOfFrames, frames, 0xFF_FFFF)
        pngSize = UInt64(shape.fileSize)
        // Of floating point the header need not say it.
        bitsAllocated = description.bitsAllocated
    }
}
