import Codecs
import DICOM
import Imaging

extension PixelDescription {
    /// What the header of a data set says of its pixels: all that shape and place of its frames depend on, and for one frame how it
    /// is shown; nil without pixel data.
    ///
    /// - Parameters:
    ///   - frame: counted from 0: enhanced objects have windows of their own for each.
    ///   - isOutline: only shape and place are wanted: no colour tables are made.
    ///   - bulk: gives values that have been cut from the header; functional groups, colour tables and overlays may be such.
    init?(
        _ header: DataSetHeader, _ scan: ScannedDataSet, transferSyntaxUID: String, frame: Int = 0,
        hasOverlays: Bool = false, isOutline: Bool = false, bulk: (Tag) throws -> [UInt8]?
    ) rethrows {
        func sequence(_ tag: Tag) throws -> DataSetHeader? {
            guard let element = scan.bulkElements.first(where: { $0.kind == .element && $0.tag == tag }),
                let value = try bulk(tag)
            else { return nil }
            return header.alone(element, value)
        }
        guard let element = scan.pixelData, let module = try ImagePixelModule(header, sequence: sequence) else {
            return nil
        }
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
        // GE's private syntax has little-endian elements with big-endian pixel data.
        isBigEndian = scan.encoding.isBigEndian || transferSyntaxUID == TransferSyntax.implicitWithBigEndianPixels.uid
        isWords = element.vr == nil || element.vr == .ow
        sampleType = element.tag == .floatPixelData ? .float : element.tag == .doubleFloatPixelData ? .double : .integer
        if sampleType != .integer { bitsAllocated = sampleType == .float ? 32 : 64 }
        coding = Self.coding(element, transferSyntaxUID)
        isWavelet = ["1.2.840.10008.1.2.4.9", "1.2.840.10008.1.2.4.20"].contains { transferSyntaxUID.hasPrefix($0) }
        if samplesPerPixel == 1, photometricInterpretation == "PALETTE COLOR" {
            // Without tables there are no colours, and so no picture.
            guard PaletteColor.isPresent(header) else { return nil }
            if !isOutline {
                palette = try PaletteColor.tables(header, isSigned: isSigned, bulk: bulk).map { Table($0) }
            }
        }
        adopt(module.transform(frame: frame))
        padding = Self.padding(header, module, sampleType)
        if hasOverlays {
            for plane in OverlayPlane.planes(header) {
                let data =
                    header.isBulk(plane.dataTag)
                    ? try bulk(plane.dataTag) : header.bytes(plane.dataTag).map { Array($0) }
                let isBigEndian = scan.encoding.isBigEndian && header.vr(of: plane.dataTag) != .ob
                guard let data, let bits = plane.bits(ofFrame: frame, data: data, isBigEndian: isBigEndian) else {
                    continue
                }
                overlays.append(
                    Overlay(
                        rows: plane.rows, columns: plane.columns, row: plane.origin.row - 1,
                        column: plane.origin.column - 1, bits: bits))
            }
        }
    }

    private mutating func adopt(_ transform: PixelTransform) {
        rescaleSlope = transform.rescaleSlope ?? 1
        rescaleIntercept = transform.rescaleIntercept ?? 0
        modalityLUT = transform.modalityLUT.map { Table($0) }
        voiLUT = transform.voiLUTs.first.map { Table($0) }
        if let center = transform.windowCenters.first, let width = transform.windowWidths.first {
            window = Window(center: center, width: width, function: Window.Function(transform.voiLUTFunction))
        }
    }

    /// The coding of the frames; nil when there is no codec, or when the syntax is not that of the element.
    private static func coding(_ element: BulkElement, _ transferSyntaxUID: String) -> FrameCoding? {
        let coding = FrameCoding(transferSyntaxUID: transferSyntaxUID)
        if element.declaredLength == nil {
            // Uncompressed frames lie in fragments with one syntax only.
            guard coding == .uncompressed else { return coding }
            return transferSyntaxUID == "1.2.840.10008.1.2.1.98" ? coding : nil
        }
        // Pixels that lie there uncompressed are taken for what they are, whatever the syntax.
        return .uncompressed
    }

    /// Pixel Padding Value and Range Limit (PS3.3 C.7.5.1.1.2), of the type of the samples.
    private static func padding(
        _ header: DataSetHeader, _ module: ImagePixelModule, _ type: SampleType
    ) -> ClosedRange<Double>? {
        let value: Double?
        let limit: Double?
        switch type {
        case .integer:
            value = module.pixelPaddingValue.map { Double($0) }
            limit = module.pixelPaddingRangeLimit.map { Double($0) }
        case .float:
            value = header.decimal(.floatPixelPaddingValue)
            limit = header.decimal(.floatPixelPaddingRangeLimit)
        case .double:
            value = header.decimal(.doubleFloatPixelPaddingValue)
            limit = header.decimal(.doubleFloatPixelPaddingRangeLimit)
        }
        guard let value else { return nil }
        return min(value, limit ?? value)...max(value, limit ?? value)
    }
}

extension ScannedDataSet {
    /// The element that has the pixels.
    var pixelData: BulkElement? {
        let tags: Set<Tag> = [.pixelData, .floatPixelData, .doubleFloatPixelData]
        return bulkElements.first { $0.kind == .element && tags.contains($0.tag) && $0.valueLength > 0 }
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
