import ContentStore
import DICOM

extension BulkElement {
    /// Writes the fields of the record `Bulk` of the Format article.
    func encode(into writer: inout RecordWriter) {
        writer.number(1, Int(kind.rawValue))
        writer.number(2, UInt64(tag.rawValue))
        if let vr { writer.number(3, UInt64(vr.rawValue)) }
        writer.number(4, elementHeaderOffset)
        writer.number(5, elementHeaderLength)
        writer.flag(6, declaredLength == nil)
        writer.number(7, UInt64(declaredLength ?? 0))
        writer.number(8, position)
        writer.number(9, valueLength)
    }

    /// Reads those fields.
    init(record bytes: RawSpan) throws(RecordError) {
        self.init(
            kind: .element, tag: Tag(rawValue: 0), vr: nil, elementHeaderOffset: 0, elementHeaderLength: 0,
            declaredLength: 0, position: 0, valueLength: 0)
        var reader = RecordReader(bytes)
        while let field = try reader.next() {
            switch field {
            case 1:
                guard let kind = Kind(rawValue: UInt8(truncatingIfNeeded: reader.number)) else { throw RecordError() }
                self.kind = kind
            case 2: tag = Tag(rawValue: UInt32(truncatingIfNeeded: reader.number))
            case 3: vr = VR(rawValue: UInt16(truncatingIfNeeded: reader.number))
            case 4: elementHeaderOffset = try reader.integer()
            case 5: elementHeaderLength = try reader.integer()
            case 6: declaredLength = reader.flag ? nil : declaredLength ?? 0
            case 7: declaredLength = UInt32(truncatingIfNeeded: reader.number)
            case 8: position = reader.number
            case 9: valueLength = reader.number
            default: break
            }
        }
    }
}

extension DataSetEncoding {
    /// The number that stands for it in a record.
    var recordNumber: Int {
        isBigEndian ? 3 : isExplicit ? 1 : 2
    }

    /// The encoding that a record's number stands for.
    init(recordNumber: Int) throws(RecordError) {
        switch recordNumber {
        case 1: self = .explicitLittleEndian
        case 2: self = .implicitLittleEndian
        case 3: self = .explicitBigEndian
        default: throw RecordError()
        }
    }
}
