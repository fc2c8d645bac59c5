import DICOM
import Imaging

extension Recipe.Pixels {
    /// The shape of the image a header describes; nil when the data set has no pixel data.
    init?(_ header: DataSetHeader, _ scan: ScannedDataSet) {
        let hasPixelData = scan.bulkElements.contains { $0.kind == .element && $0.tag.group == 0x7FE0 }
        guard hasPixelData, let module = ImagePixelModule(header) else { return nil }
        rows = max(0, module.rows)
        columns = max(0, module.columns)
        samplesPerPixel = max(0, module.samplesPerPixel)
        bitsAllocated = max(0, module.bitsAllocated)
        numberOfFrames = module.numberOfFrames
        photometricInterpretation = module.photometricInterpretation ?? ""
        if let description = PixelDescription(header, scan), let shape = description.pngShape {
            pngSize = UInt64(shape.fileSize)
            // What the header claims beyond the bytes that are there has no image.
            let length = description.frameLength
            let frames = (Int(clamping: scan.nativePixelData?.valueLength ?? 0) + length - 1) / length
            numberOfFrames = min(numberOfFrames, frames, 0xFF_FFFF)
        }
    }
}
