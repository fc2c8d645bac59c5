import DICOM
import Imaging

extension PixelDescription {
    /// What the header of a data set says of its pixels; nil without uncompressed pixel data.
    ///
    /// - Parameter frame: counted from 0: enhanced objects have windows of their own for each.
    init?(_ header: DataSetHeader, _ scan: ScannedDataSet, frame: Int = 0) {
        guard let element = scan.nativePixelData, let module = ImagePixelModule(header) else { return nil }
        self.init()
        rows = module.rows
        columns = module.columns
        samplesPerPixel = module.samplesPerPixel
        photometricInterpretation = module.photometricInterpretation ?? ""
        planarConfiguration = module.planarConfiguration
        bitsAllocated = module.bitsAllocated
        bitsStored = module.bitsStored
        highBit = module.highBit
        isSigned = module.isSigned
        isBigEndian = scan.encoding.isBigEndian
        isWords = element.vr == nil || element.vr == .ow
        let transform = module.transform(frame: frame)
        rescaleSlope = transform.rescaleSlope ?? 1
        rescaleIntercept = transform.rescaleIntercept ?? 0
        modalityLUT = transform.modalityLUT.map { Table($0) }
        voiLUT = transform.voiLUTs.first.map { Table($0) }
        if let center = transform.windowCenters.first, let width = transform.windowWidths.first {
            window = Window(center: center, width: width, function: Window.Function(transform.voiLUTFunction))
        }
    }
}

extension ScannedDataSet {
    /// The pixel data, when its frames lie uncompressed one after another.
    var nativePixelData: BulkElement? {
        guard !isDeflated else { return nil }
        return bulkElements.first {
            $0.kind == .element && $0.tag == Tag(0x7FE0, 0x0010) && $0.declaredLength != nil && $0.valueLength > 0
        }
    }
}

extension PixelDescription.Table {
    fileprivate init(_ table: LookupTable) {
        self.init(firstValue: table.firstValue, bitsPerEntry: table.bitsPerEntry, entries: table.entries)
    }
}

extension PixelDescription.Window.Function {
    fileprivate init(_ name: String?) {
        switch name {
        case "LINEAR_EXACT": self = .linearExact
        case "SIGMOID": self = .sigmoid
        default: self = .linear
        }
    }
}
