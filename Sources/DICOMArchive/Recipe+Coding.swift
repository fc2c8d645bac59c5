package import ContentStore
import DICOM
import Hashing

extension Recipe {
    /// The record, as the Format article describes it.
    package var encoded: [UInt8] {
        var writer = RecordWriter()
        writer.number(1, layout)
        writer.record(2) { identity.encode(into: &$0) }
        writer.string(3, transferSyntaxUID)
        switch head {
        case .generated(let format): writer.number(4, format)
        case .own(let bytes): writer.bytes(5, bytes)
        }
        for extent in extents { writer.record(6) { extent.encode(into: &$0) } }
        writer.bytes(7, dataSetDigest.array)
        writer.fixed(8, receivedAt)
        writer.record(9) { sender.encode(into: &$0) }
        writer.number(10, version)
        writer.number(11, nodePayload)
        writer.number(12, frameOrdinal)
        writer.number(13, scan.encoding.recordNumber)
        writer.flag(14, scan.isDeflated)
        for element in scan.bulkElements { writer.record(15) { element.encode(into: &$0) } }
        if let pixels { writer.record(16) { pixels.encode(into: &$0) } }
        writer.number(17, scan.totalLength)
        writer.number(18, scan.headerLength)
        writer.numbers(19, scan.fragments)
        if let document {
            writer.record(20) {
                $0.number(1, Int(document.kind.rawValue))
                $0.number(2, document.size)
            }
        }
        return writer.bytes
    }

    /// Reads a record that ``encoded`` made, of this or a later release.
    package init(_ bytes: RawSpan) throws(RecordError) {
        var reader = RecordReader(bytes)
        var length = 0
        head = .own([])
        while let field = try reader.next() {
            switch field {
            case 1: layout = try reader.integer()
            case 2: identity = try Identity(reader.value)
            case 3: transferSyntaxUID = reader.string
            case 4:
                // What a head of another format is made of, this release does not know.
                guard reader.number == Part10Head.currentFormat else { throw RecordError() }
                head = .generated(format: Part10Head.currentFormat)
            case 5: head = .own(reader.array)
            case 6:
                let extent = try Extent(reader.value)
                // Sums of lengths are taken everywhere: they stay far from overflow.
                guard extent.length <= Self.longest - length else { throw RecordError() }
                length += extent.length
                extents.append(extent)
            case 7: dataSetDigest = try SHA256Digest(record: reader.value)
            case 8: receivedAt = reader.number
            case 9: sender = try Sender(reader.value)
            case 10: version = try reader.number32()
            case 11: nodePayload = reader.number
            case 12: frameOrdinal = reader.number
            case 13: scan.encoding = try DataSetEncoding(recordNumber: reader.integer())
            case 14: scan.isDeflated = reader.flag
            case 15:
                let element = try BulkElement(record: reader.value)
                guard element.position <= Self.longest, element.valueLength <= Self.longest else { throw RecordError() }
                scan.bulkElements.append(element)
            case 16: pixels = try Pixels(reader.value)
            case 17: scan.totalLength = reader.number
            case 18: scan.headerLength = try reader.integer()
            case 19: scan.fragments = try reader.numbers()
            case 20: document = try Document(reader.value)
            default: break
            }
        }
    }
}

extension Recipe.Identity {
    fileprivate func encode(into writer: inout RecordWriter) {
        writer.string(1, patientID)
        writer.string(2, studyInstanceUID)
        writer.string(3, seriesInstanceUID)
        writer.string(4, sopInstanceUID)
        writer.string(5, sopClassUID)
    }

    fileprivate init(_ bytes: RawSpan) throws(RecordError) {
        var reader = RecordReader(bytes)
        while let field = try reader.next() {
            switch field {
            case 1: patientID = reader.string
            case 2: studyInstanceUID = reader.string
            case 3: seriesInstanceUID = reader.string
            case 4: sopInstanceUID = reader.string
            case 5: sopClassUID = reader.string
            default: break
            }
        }
    }
}

extension Recipe.Extent {
    fileprivate func encode(into writer: inout RecordWriter) {
        switch self {
        case .header(let length): writer.number(1, length)
        case .chunk(let reference):
            writer.bytes(2, reference.digest.array)
            writer.number(3, reference.length)
        }
    }

    fileprivate init(_ bytes: RawSpan) throws(RecordError) {
        var reader = RecordReader(bytes)
        var headerLength = 0
        var length = 0
        var digest: SHA256Digest?
        while let field = try reader.next() {
            switch field {
            case 1: headerLength = try reader.integer()
            case 2: digest = try SHA256Digest(record: reader.value)
            case 3: length = try reader.integer()
            default: break
            }
        }
        if let digest {
            self = .chunk(ChunkWriter.Reference(digest: digest, length: length))
        } else {
            self = .header(length: headerLength)
        }
    }
}

extension Recipe.Pixels {
    fileprivate func encode(into writer: inout RecordWriter) {
        writer.number(1, rows)
        writer.number(2, columns)
        writer.number(3, samplesPerPixel)
        writer.number(4, bitsAllocated)
        writer.number(5, numberOfFrames)
        writer.string(6, photometricInterpretation)
        writer.number(7, pngSize)
    }

    fileprivate init(_ bytes: RawSpan) throws(RecordError) {
        var reader = RecordReader(bytes)
        while let field = try reader.next() {
            switch field {
            case 1: rows = try reader.integer()
            case 2: columns = try reader.integer()
            case 3: samplesPerPixel = try reader.integer()
            case 4: bitsAllocated = try reader.integer()
            case 5: numberOfFrames = try reader.integer()
            case 6: photometricInterpretation = reader.string
            case 7: pngSize = reader.number
            default: break
            }
        }
    }
}

extension Recipe.Document {
    fileprivate init?(_ bytes: RawSpan) throws(RecordError) {
        var reader = RecordReader(bytes)
        var kind: DocumentKind?
        var size: UInt64 = 0
        while let field = try reader.next() {
            switch field {
            case 1: kind = DocumentKind(rawValue: UInt8(truncatingIfNeeded: reader.number))
            case 2: size = reader.number
            default: break
            }
        }
        // A later release knows more kinds.
        guard let kind else { return nil }
        guard size <= Recipe.longest else { throw RecordError() }
        self.init(kind: kind, size: size)
    }
}

extension Sender {
    fileprivate func encode(into writer: inout RecordWriter) {
        writer.number(1, kind.rawValue)
        writer.string(2, callingAETitle)
        writer.string(3, host)
    }

    fileprivate init(_ bytes: RawSpan) throws(RecordError) {
        var reader = RecordReader(bytes)
        while let field = try reader.next() {
            switch field {
            case 1: kind = Kind(rawValue: try reader.integer()) ?? .unknown
            case 2: callingAETitle = reader.string
            case 3: host = reader.string
            default: break
            }
        }
    }
}

extension SHA256Digest {
    /// The digest in a record's field.
    init(record bytes: RawSpan) throws(RecordError) {
        guard let digest = SHA256Digest(bytes) else { throw RecordError() }
        self = digest
    }
}
