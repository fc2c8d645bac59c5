/// How stored pixel values become display values: Modality LUT or rescale, then VOI LUT or window (PS3.3 sections C.11.1
/// and C.11.2).
package struct PixelTransform: Hashable, Sendable {
    /// Nil when absent, as is the intercept: then stored values stay.
    package var rescaleSlope: Double?
    package var rescaleIntercept: Double?
    package var rescaleType: String?
    /// Goes before rescale.
    package var modalityLUT: LookupTable?
    /// As many as widths; the first is the one to show.
    package var windowCenters: [Double] = []
    package var windowWidths: [Double] = []
    /// LINEAR (when nil), LINEAR_EXACT or SIGMOID.
    package var voiLUTFunction: String?
    package var voiLUTs: [LookupTable] = []

    /// The transform a data set itself describes, outside functional groups.
    init(_ header: DataSetHeader, isSigned: Bool) {
        adoptRescale(header)
        modalityLUT = header.item(.modalityLUTSequence).flatMap { LookupTable($0, isSigned: isSigned) }
        adoptWindow(header, isSigned: isSigned)
    }

    mutating func adoptRescale(_ item: DataSetHeader) {
        guard let slope = item.decimal(.rescaleSlope) else { return }
        rescaleSlope = slope
        rescaleIntercept = item.decimal(.rescaleIntercept) ?? 0
        rescaleType = item.text(.rescaleType)
        modalityLUT = nil
    }

    mutating func adoptWindow(_ item: DataSetHeader, isSigned: Bool) {
        // Values after the modality step may be negative when the stored ones are or rescale made them so.
        let isSigned = isSigned || (rescaleIntercept ?? 0) < 0
        let tables = item.items(.voiLUTSequence).compactMap { LookupTable($0, isSigned: isSigned) }
        let centers = item.decimals(.windowCenter)
        let widths = item.decimals(.windowWidth)
        let count = min(centers.count, widths.count)
        guard count > 0 || !tables.isEmpty else { return }
        windowCenters = Array(centers.prefix(count))
        windowWidths = Array(widths.prefix(count))
        voiLUTFunction = item.text(.voiLUTFunction)
        voiLUTs = tables
    }
}
