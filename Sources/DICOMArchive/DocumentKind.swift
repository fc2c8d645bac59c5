import DICOM

/// What kind of file lies within an instance. The numbers are in archives, and the suffixes in names: both stay.
package enum DocumentKind: UInt8, CaseIterable, Sendable {
    case pdf = 1
    /// CDA.
    case xml = 2
    case stl = 3
    case obj = 4
    case mtl = 5
    /// MPEG-2 program stream.
    case mpg = 6
    case mp4 = 7
    /// MPEG-2 transport stream.
    case ts = 8
    /// MPEG-2 video elementary stream.
    case m2v = 9
    /// H.264 byte stream.
    case h264 = 10
    /// H.265 byte stream.
    case h265 = 11

    /// With the dot.
    package var suffix: String { ".\(self)" }

    /// Whether it is the pixel data, without the headers of its fragments; else the encapsulated document.
    var isVideo: Bool { rawValue >= Self.mpg.rawValue }

    /// The kind of an encapsulated document (PS3.3 C.24.2); nil for others than PDF, CDA, STL, OBJ and MTL.
    init?(mimeType: String) {
        // Without its parameters.
        switch mimeType.prefix(while: { $0 != ";" }).lowercased().filter({ $0 != " " }) {
        case "application/pdf": self = .pdf
        case "text/xml", "application/xml": self = .xml
        case "model/stl", "model/x.stl-binary", "application/sla": self = .stl
        case "model/obj": self = .obj
        case "model/mtl": self = .mtl
        default: return nil
        }
    }

    /// The kind of a video; nil when the transfer syntax is none of one (PS3.5 8.2.5 to 8.2.8).
    ///
    /// - Parameter first: its first bytes: streams and containers of each syntax are of several kinds.
    init?(transferSyntaxUID uid: String, first: [UInt8]) {
        let root = "1.2.840.10008.1.2.4.10"
        guard uid.hasPrefix(root), let number = uid.dropFirst(root.count).first, "0"..."8" ~= number,
            ["", ".1"].contains(uid.dropFirst(root.count + 1))
        else { return nil }
        func has(_ bytes: [UInt8], at place: Int) -> Bool { first.dropFirst(place).starts(with: bytes) }
        if has(Array("ftyp".utf8), at: 4) {
            self = .mp4
        } else if has([0x47], at: 0), first.count <= 188 || has([0x47], at: 188) {
            self = .ts
        } else if has([0, 0, 1, 0xBA], at: 0) {
            self = .mpg
        } else {
            self = "01".contains(number) ? .m2v : "78".contains(number) ? .h265 : .h264
        }
    }
}

extension Recipe.Document {
    /// The document or video in a data set; nil when it has none.
    ///
    /// - Parameter pixelData: the first bytes of encapsulated pixel data.
    init?(_ header: DataSetHeader, _ scan: ScannedDataSet, transferSyntaxUID: String, pixelData: FirstFragments) {
        if scan.fragments.count > 1 {
            let first = pixelData.bytes(scan.fragments.dropFirst())
            guard let kind = DocumentKind(transferSyntaxUID: transferSyntaxUID, first: first) else { return nil }
            self.init(kind: kind, size: scan.fragments.dropFirst().reduce(0) { $0 + UInt64($1) })
            return
        }
        guard let element = scan.encapsulatedDocument, element.valueLength > 0,
            let kind = header.text(.mimeTypeOfEncapsulatedDocument).flatMap({ DocumentKind(mimeType: $0) })
        else { return nil }
        // Its length without the byte that makes it even, where that is said.
        let length = header.integer(.encapsulatedDocumentLength).flatMap { UInt64(exactly: $0) }
        let isPadded = length.map { $0 + 1 == element.valueLength } ?? false
        self.init(kind: kind, size: element.valueLength - (isPadded ? 1 : 0))
    }
}

extension ScannedDataSet {
    /// The encapsulated document, where it lies in the file as it is.
    var encapsulatedDocument: BulkElement? {
        guard !isDeflated else { return nil }
        return bulkElements.first {
            $0.kind == .element && $0.tag == .encapsulatedDocument && $0.declaredLength != nil
        }
    }
}
