import DICOM

extension Recipe.Pixels {
    /// The shape of the image a header describes; nil when the data set has no pixel data.
    init?(_ header: DataSetHeader, transferSyntax: TransferSyntax, scan: ScannedDataSet) {
        let hasPixelData = scan.bulkElements.contains { $0.kind == .element && $0.tag.group == 0x7FE0 }
        guard hasPixelData, let module = ImagePixelModule(header) else { return nil }
        rows = module.rows
        columns = module.columns
        samplesPerPixel = max(0, module.samplesPerPixel)
        bitsAllocated = max(0, module.bitsAllocated)
        numberOfFrames = module.numberOfFrames
        photometricInterpretation = module.photometricInterpretation ?? ""
    }
}
