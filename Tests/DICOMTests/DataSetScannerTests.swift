import DICOM
import TestSupport
import Testing

@Suite struct DataSetScannerTests {
    static let encodings: [DataSetEncoding] = [
        .explicitLittleEndian, .implicitLittleEndian, .explicitBigEndian,
        DataSetEncoding(isExplicit: false, isBigEndian: true),
    ]
    static let sequence = Tag(0x0008, 0x1140)
    static let privateTag = Tag(0x0009, 0x1001)

    @Test(
        arguments: encodings, [nil, TransferSyntax("1.2.840.10008.1.2"), .explicitVRLittleEndian, .explicitVRBigEndian])
    func `the first element tells the encoding whatever was declared`(
        encoding: DataSetEncoding, declared: TransferSyntax?
    ) throws {
        let (result, parts) = try scan(DataSetBuilder.image(encoding).bytes, declared, fragments: [1])
        #expect(result.encoding == encoding)
        #expect(parts.bulks.map(\.element.tag) == [.pixelData])
        #expect(DataSetHeader(parts.header, result).text(.patientID) == "P1")
    }

    @Test(arguments: encodings)
    func `a value of 65536 bytes is header and a longer one is bulk`(encoding: DataSetEncoding) throws {
        for (length, isBulk) in [(65536, false), (65537, true), (65538, true)] {
            var set = DataSetBuilder(encoding)
            set.text(.patientID, .lo, "P1")
            set.element(Tag(0x0011, 0x1001), .ob, [UInt8](repeating: 7, count: length))
            set.text(.studyID, .sh, "S")
            let (result, parts) = try scan(set.bytes, nil)
            #expect(result.bulkElements.count == (isBulk ? 1 : 0))
            #expect(parts.reassembled(result) == set.bytes)
            let header = DataSetHeader(parts.header, result)
            #expect(header.isBulk(Tag(0x0011, 0x1001)) == isBulk)
            #expect(header.text(.studyID) == "S")
        }
    }

    @Test(arguments: [0x7FE0_0008, 0x7FE0_0009, 0x7FE0_0010, 0x0042_0011, 0x5600_0020] as [UInt32])
    func `the named elements are bulk however short`(tag: UInt32) throws {
        var set = DataSetBuilder()
        set.element(Tag(rawValue: tag), .ob, [])
        let (result, parts) = try scan(set.bytes, nil)
        #expect(result.bulkElements.map(\.tag) == [Tag(rawValue: tag)])
        #expect(parts.bulks.map(\.bytes) == [[]])
        #expect(parts.header == set.bytes)
        #expect(!parts.isInBulk)
    }

    @Test(arguments: [true, false])
    func `a pixel data element within a sequence is header`(isUndefined: Bool) throws {
        var icon = DataSetBuilder()
        icon.element(.pixelData, .ow, [UInt8](repeating: 1, count: 100))
        var set = DataSetBuilder()
        set.start(Self.sequence, .sq, isUndefined ? DataSetBuilder.undefined : UInt32(8 + icon.bytes.count))
        set.item(isUndefined ? DataSetBuilder.undefined : UInt32(icon.bytes.count))
        set.bytes += icon.bytes
        if isUndefined {
            set.endItem()
            set.endSequence()
        }
        set.text(.patientID, .lo, "P1")
        let (result, parts) = try scan(set.bytes, nil, fragments: [3])
        #expect(result.bulkElements.isEmpty)
        #expect(parts.header == set.bytes)
        #expect(DataSetHeader(parts.header, result).item(Self.sequence)?.bytes(.pixelData)?.count == 100)
    }

    @Test func `a long sequence of undefined length is header and of defined length is bulk`() throws {
        let value = [UInt8](repeating: 1, count: 70_000)
        var open = DataSetBuilder()
        open.start(Self.sequence, .sq, DataSetBuilder.undefined)
        open.item()
        open.element(.pixelData, .ow, value)
        open.endItem()
        open.endSequence()
        #expect(try scan(open.bytes, nil).0.bulkElements.isEmpty)

        var closed = DataSetBuilder()
        closed.start(Self.sequence, .sq, UInt32(value.count + 20))
        closed.item(UInt32(value.count + 12))
        closed.element(.pixelData, .ow, value)
        #expect(try scan(closed.bytes, nil).0.bulkElements.map(\.tag) == [Self.sequence])
    }

    @Test func `an unknown sequence of undefined length is implicit little endian within`() throws {
        var inner = DataSetBuilder(.implicitLittleEndian)
        inner.item()
        inner.text(.patientID, .lo, "INNER")
        inner.endItem()
        inner.endSequence()
        for encoding in [DataSetEncoding.explicitLittleEndian, .explicitBigEndian] {
            var set = DataSetBuilder(encoding)
            set.text(.modality, .cs, "OT")
            set.start(Self.privateTag, .un, DataSetBuilder.undefined)
            set.bytes += inner.bytes
            set.text(.patientID, .lo, "OUTER")
            let (result, parts) = try scan(set.bytes, nil, fragments: [1])
            let header = DataSetHeader(parts.header, result)
            #expect(header.text(.patientID) == "OUTER")
            #expect(header.item(Self.privateTag)?.text(.patientID) == "INNER")
        }
    }

    @Test func `an unknown sequence within an item is implicit little endian too`() throws {
        var inner = DataSetBuilder(.implicitLittleEndian)
        inner.item()
        inner.text(.patientID, .lo, "INNER")
        inner.endItem()
        inner.endSequence()
        var set = DataSetBuilder(.explicitBigEndian)
        set.text(.modality, .cs, "OT")
        set.start(Self.sequence, .sq, DataSetBuilder.undefined)
        set.item()
        set.start(Self.privateTag, .un, DataSetBuilder.undefined)
        set.bytes += inner.bytes
        set.endItem()
        set.endSequence()
        set.text(.patientID, .lo, "OUTER")
        let header = try header(set.bytes)
        #expect(header.text(.patientID) == "OUTER")
        #expect(header.item(Self.sequence)?.item(Self.privateTag)?.text(.patientID) == "INNER")
    }

    @Test func `fragments run to the sequence delimiter`() throws {
        let (set, value) = encapsulated { set in
            set.item(0)
            set.item(4)
            set.bytes += [1, 2, 3, 4]
            set.endSequence()
        }
        let (result, parts) = try scan(set.bytes, TransferSyntax("1.2.840.10008.1.2.5"), fragments: [1])
        #expect(parts.bulks.map(\.bytes) == [value])
        #expect(result.bulkElements.first?.declaredLength == nil)
        #expect(result.bulkElements.first?.valueLength == UInt64(value.count))
    }

    @Test func `a delimiter within a fragment ends nothing`() throws {
        let (set, value) = encapsulated { set in
            set.item(8)
            set.endSequence()
            set.endSequence()
        }
        #expect(try scan(set.bytes, nil).1.bulks.map(\.bytes) == [value])
    }

    @Test func `fragments without a delimiter end with the data`() throws {
        let (set, value) = encapsulated { set in
            set.item(4)
            set.bytes += [1, 2, 3, 4]
        }
        #expect(try scan(set.bytes, nil).1.bulks.map(\.bytes) == [value])
    }

    @Test func `broken fragments end with the next delimiter`() throws {
        let (set, value) = encapsulated { set in
            set.item(4)
            set.bytes += [1, 2, 3, 4, 0xFE, 0xFE, 0xFF, 0xDD, 5]
            set.endSequence()
        }
        var padded = set
        padded.element(Tag(0xFFFC, 0xFFFC), .ob, [0, 0])
        for fragments in [[1], [3], [Int.max]] {
            let (result, parts) = try scan(padded.bytes, nil, fragments: fragments)
            #expect(parts.bulks.map(\.bytes) == [value])
            #expect(DataSetHeader(parts.header, result).tags.last == Tag(0xFFFC, 0xFFFC))
        }
    }

    @Test func `broken fragments without a delimiter are refused`() {
        let (set, _) = encapsulated { set in set.bytes += [UInt8](repeating: 9, count: 40) }
        #expect(message { try scan(set.bytes, nil) }.contains("The fragments of (7FE0,0010) are broken"))
    }

    @Test func `elements after the pixel data are header`() throws {
        var set = DataSetBuilder.image()
        set.element(Tag(0xFFFC, 0xFFFC), .ob, [0, 0, 0, 0])
        let (result, parts) = try scan(set.bytes, nil, fragments: [1])
        #expect(result.bulkElements.map(\.kind) == [.element])
        #expect(DataSetHeader(parts.header, result).contains(Tag(0xFFFC, 0xFFFC)))
    }

    @Test(arguments: [
        [0], [UInt8](repeating: 0, count: 100), Array("this is not an element".utf8),
        // Ascending, but longer than what is left.
        [0xFC, 0xFF, 0xFC, 0xFF, 0x4F, 0x42, 0, 0, 100, 0, 0, 0, 1, 2, 3],
        // A sequence that never ends.
        [0xE1, 0x7F, 0x10, 0, 0x53, 0x51, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF],
        // A sequence that holds no item.
        [0xE1, 0x7F, 0x10, 0, 0x53, 0x51, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF] + [UInt8](repeating: 7, count: 70_000),
    ])
    func `what is no element after the pixel data is a trailer`(trailer: [UInt8]) throws {
        var set = DataSetBuilder.image()
        set.element(Tag(0x7FE1, 0x0010), .lo, [0x41, 0x42])
        let length = set.bytes.count
        for fragments in [[1], [5], [Int.max]] {
            let (result, parts) = try scan(set.bytes + trailer, nil, fragments: fragments)
            #expect(result.bulkElements.map(\.kind) == [.element, .trailer])
            #expect(result.bulkElements.last?.position == UInt64(length))
            #expect(parts.bulks.last?.bytes == trailer)
            #expect(parts.reassembled(result) == set.bytes + trailer)
            #expect(DataSetHeader(parts.header, result).tags.last == Tag(0x7FE1, 0x0010))
        }
    }

    @Test func `a long element after the pixel data that the end cuts off is kept`() throws {
        var set = DataSetBuilder.image()
        set.start(Tag(0x7FE1, 0x1010), .ob, 100_000)
        set.bytes += [1, 2, 3]
        let (result, parts) = try scan(set.bytes, nil, fragments: [9])
        #expect(result.bulkElements.last?.declaredLength == 100_000)
        #expect(result.bulkElements.last?.valueLength == 3)
        #expect(parts.reassembled(result) == set.bytes)
    }

    @Test func `a data set cut off before or within the pixel data is refused with what is missing`() {
        let bytes = DataSetBuilder.image().bytes
        #expect(
            message { try scan(Array(bytes.dropLast(5)), nil) }
                == "The data set ends at byte \(bytes.count - 5) within (7FE0,0010), which declares 32 bytes: only 27 are"
                + " present")
        #expect(message { try scan(Array(bytes[..<3]), nil) }.contains("within an element header"))
    }

    @Test func `odd lengths and group lengths are kept`() throws {
        var set = DataSetBuilder()
        set.element(Tag(0x0008, 0x0000), .ul, [4, 0, 0, 0])
        set.element(.patientID, .lo, Array("ABC".utf8))
        set.text(.studyID, .sh, "S1")
        let (result, parts) = try scan(set.bytes, nil)
        #expect(parts.header == set.bytes)
        #expect(DataSetHeader(parts.header, result).text(.studyID) == "S1")
    }

    @Test func `an item outside a sequence is refused`() {
        var set = DataSetBuilder()
        set.text(.modality, .cs, "OT")
        set.item()
        #expect(message { try scan(set.bytes, nil) }.contains("holds (FFFE,E000) at byte 10, outside any sequence"))
    }

    @Test func `an empty data set is an empty header`() throws {
        let (result, parts) = try scan([], .explicitVRLittleEndian)
        #expect(result.headerLength == 0 && result.bulkElements.isEmpty && parts.all.isEmpty)
    }

    @Test func `an error of the sink ends the scan`() {
        struct Full: Error {}
        struct FullSink: DataSetSink {
            func header(_ bytes: RawSpan) {}
            func beginBulk(_ element: BulkElement) {}
            func bulk(_ bytes: RawSpan) throws { throw Full() }
            func endBulk() {}
            func derivedHeader(_ bytes: RawSpan) {}
        }
        var scanner = DataSetScanner(transferSyntax: nil)
        var sink = FullSink()
        let bytes = DataSetBuilder.image().bytes
        #expect(throws: Full.self) { try scanner.consume(bytes.span.bytes, into: &sink) }
    }

    private func encapsulated(_ value: (inout DataSetBuilder) -> Void) -> (DataSetBuilder, [UInt8]) {
        var set = DataSetBuilder.image(pixels: 0)
        set.bytes.removeLast(12)
        set.start(.pixelData, .ob, DataSetBuilder.undefined)
        let start = set.bytes.count
        value(&set)
        return (set, Array(set.bytes[start...]))
    }
}

/// The sentence of the error a scan ends with; empty when it does not.
func message(_ body: () throws -> some Any) -> String {
    do {
        _ = try body()
        return ""
    } catch {
        return "\(error)"
    }
}
