import Codecs
import ContentStore
import DICOM
import Imaging

/// A stored version's data set in another transfer syntax: uncompressed, or compressed without loss.
///
/// Memory is bounded by a header and two frames. Pixel values stay what they are; of frames that lossy JPEG has, what the codec
/// gives, colours as luminance and differences.
struct Transcoder {
    /// How the data set is to be.
    enum Target {
        case uncompressed(DataSetEncoding)
        case lossless(LosslessCoding)

        /// Nil for a transfer syntax that nothing is transcoded to.
        init?(transferSyntaxUID uid: String) {
            switch TransferSyntax(uid) {
            case .implicitVRLittleEndian: self = .uncompressed(.implicitLittleEndian)
            case .explicitVRLittleEndian: self = .uncompressed(.explicitLittleEndian)
            default:
                guard let coding = LosslessCoding(rawValue: uid) else { return nil }
                self = .lossless(coding)
            }
        }

        var encoding: DataSetEncoding {
            if case .uncompressed(let encoding) = self { encoding } else { .explicitLittleEndian }
        }
    }

    let file: StoredFile
    let header: DataSetHeader
    let store: ChunkStore
    let target: Target
    /// Takes the bytes of the data set, in order.
    let body: (RawSpan) throws -> Void

    var scan: ScannedDataSet { file.recipe.scan }

    /// GE's private syntax has little-endian elements with big-endian pixel data.
    private var hasBigEndianPixels: Bool {
        scan.encoding.isBigEndian || file.recipe.transferSyntaxUID == TransferSyntax.implicitWithBigEndianPixels.uid
    }

    func run() throws {
        let frames = try pixelFrames()
        var position = 0
        for element in scan.bulkElements where element.kind == .element {
            try writeHeader(position..<element.elementHeaderOffset, frames)
            position = element.elementHeaderOffset + element.elementHeaderLength
            if frames != nil, Self.extendedOffsetTable.contains(element.tag) { continue }
            if element == scan.pixelData, let frames {
                try write(frames)
            } else {
                try write(element)
            }
        }
        // What follows the pixel data and is no element is left out.
        try writeHeader(position..<file.header.count, frames)
    }

    /// What is true of the frames as they were only: Extended Offset Table, its lengths and the value's total length.
    private static let extendedOffsetTable = [Tag(0x7FE0, 0x0001), Tag(0x7FE0, 0x0002), Tag(0x7FE0, 0x0003)]

    private func writeHeader(_ range: Range<Int>, _ frames: PixelFrames?) throws {
        guard !range.isEmpty else { return }
        // The part that has the description of the pixels gets the one that now is true.
        let bytes = Array(file.header[range])
        let part = DataSetHeader(bytes, encoding: scan.encoding, bulk: [])
        var edits = part.contains(.rows) ? frames?.edits ?? [] : []
        if frames != nil { edits += Self.extendedOffsetTable.filter(part.contains).map { .init($0, .removed) } }
        try emit(Reencoding.elements(bytes.span.bytes, from: scan.encoding, to: target.encoding, edits: edits))
    }

    func emit(_ bytes: [UInt8]) throws {
        if !bytes.isEmpty { try body(bytes.span.bytes) }
    }

    // MARK: - Long values

    /// Writes an element that was cut from the header, as it is but for byte order.
    private func write(_ element: BulkElement) throws {
        let vr = element.vr ?? DataDictionary.vr(of: element.tag) ?? .un
        guard let length = element.declaredLength else {
            throw CodecError("\(element.tag) is encapsulated and no pixel data")
        }
        if vr == .sq {
            // With its element header it is a whole data set.
            guard let value = try file.bulkValue(element.tag, from: store) else {
                throw CodecError("the sequence \(element.tag) is too long")
            }
            let start = element.elementHeaderOffset
            let bytes = Array(file.header[start..<start + element.elementHeaderLength]) + value
            return try emit(Reencoding.elements(bytes.span.bytes, from: scan.encoding, to: target.encoding))
        }
        let isPixelData = element.tag == .pixelData
        let known = element.vr == nil && isPixelData ? VR.ow : vr
        try emit(elementHeader(element.tag, known.isLong ? known : .un, length: length))
        var swap = scan.encoding.isBigEndian ? known.byteSwapUnit : 1
        let allocated = header.integer(.bitsAllocated) ?? 0
        if isPixelData, hasBigEndianPixels, allocated > 8 {
            // A sample of 32 bits is one number, though words have 16.
            guard allocated == 16 || allocated == 32 || allocated == 64 else {
                throw CodecError("big-endian samples of \(allocated) bits are not turned round")
            }
            swap = allocated / 8
        }
        try file.readValue(of: element, from: store) { bytes in
            guard swap > 1 else { return try body(bytes) }
            var swapped = bytes.withUnsafeBytes { Array($0) }
            for start in stride(from: 0, to: swapped.count - swap + 1, by: swap) {
                swapped[start..<start + swap].reverse()
            }
            try emit(swapped)
        }
    }

    /// An element header of the target; nil for undefined length.
    func elementHeader(_ tag: Tag, _ vr: VR, length: UInt32?) -> [UInt8] {
        var bytes = tag.group.littleEndianBytes + tag.element.littleEndianBytes
        if target.encoding.isExplicit { bytes += Array(vr.description.utf8) + [0, 0] }
        return bytes + (length ?? 0xFFFF_FFFF).littleEndianBytes
    }
}

extension FixedWidthInteger {
    var littleEndianBytes: [UInt8] { withUnsafeBytes(of: littleEndian) { Array($0) } }
}

extension VR {
    /// How many bytes of a value are turned round in big endian; 1 for text and bytes.
    fileprivate var byteSwapUnit: Int {
        switch description {
        case "OW", "US", "SS", "AT": 2
        case "OF", "OL", "UL", "SL", "FL": 4
        case "OD", "OV", "UV", "SV", "FD": 8
        default: 1
        }
    }
}

extension Archive {
    /// Whether ``transcode(_:to:_:)`` makes data sets in a transfer syntax.
    package static func canTranscode(to transferSyntaxUID: String) -> Bool {
        Transcoder.Target(transferSyntaxUID: transferSyntaxUID) != nil
    }

    /// The data set of a stored version in another transfer syntax, or as it is if that is its own: implicit or explicit VR little
    /// endian, RLE, JPEG lossless, JPEG-LS or JPEG 2000 without loss.
    ///
    /// - Parameter body: gets the bytes, in order.
    /// - Throws: ``ArchiveError/Code/undecodable`` when there is no way from its syntax to that one, or what `body` throws.
    package func transcode(
        _ file: StoredFile, to transferSyntaxUID: String, _ body: (RawSpan) throws -> Void
    ) throws {
        guard transferSyntaxUID != file.recipe.transferSyntaxUID else {
            return try file.read(file.dataSetOffset..<file.size, from: store, body)
        }
        func fail(_ reason: some CustomStringConvertible) -> ArchiveError {
            ArchiveError(
                .undecodable,
                "instance \(file.recipe.reference.instance) (\(file.recipe.transferSyntaxUID)) cannot be had as"
                    + " \(transferSyntaxUID): \(reason)")
        }
        guard let target = Transcoder.Target(transferSyntaxUID: transferSyntaxUID) else {
            throw fail("nothing is transcoded to that")
        }
        let header = DataSetHeader(
            file.header, file.recipe.scan, defaultCharacterSet: defaultCharacterSet)
        do {
            try withoutActuallyEscaping(body) { body in
                try Transcoder(file: file, header: header, store: store, target: target, body: body).run()
            }
        } catch let error as CodecError {
            throw fail(error)
        } catch let error as DICOMError {
            throw fail(error)
        }
    }
}
