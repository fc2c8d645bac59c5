import DICOM
import TestSupport
import Testing

/// Inputs made to crash, hang or exhaust: each is either scanned or refused with a `DICOMError`.
@Suite struct HostileInputTests {
    @Test func `every place a small data set can be cut off at is survived`() throws {
        for encoding in DataSetScannerTests.encodings {
            let bytes = Self.rich(encoding)
            for length in 0...bytes.count {
                try survive(Array(bytes[..<length]), nil)
            }
        }
    }

    @Test func `mutations of data sets are survived and told alike in any fragments`() throws {
        let seeds =
            DataSetScannerTests.encodings.map(Self.rich) + [DeflateStream.stored(Self.rich(.explicitLittleEndian))]
        try Fuzz(rounds: 5000, seeds: seeds).run { bytes, random in
            try survive(bytes, Int.random(in: 0..<5, using: &random) == 0 ? .deflatedExplicitVRLittleEndian : nil)
        }
    }

    @Test(arguments: [true, false])
    func `sequences nested 100,000 deep are refused`(isUnknown: Bool) {
        var set = DataSetBuilder()
        set.text(.modality, .cs, "OT")
        if isUnknown { set.start(Tag(0x0009, 0x1001), .un, DataSetBuilder.undefined) }
        if isUnknown { set.encoding = .implicitLittleEndian }
        if isUnknown { set.item() }
        for _ in 0..<100_000 {
            set.start(Tag(0x0008, 0x1140), .sq, DataSetBuilder.undefined)
            set.item()
        }
        #expect(message { try scan(set.bytes, nil) }.contains("lies within 64 others"))
    }

    @Test func `sequences of defined length nested deep are stepped over`() throws {
        // Each level claims all that is left; the header reader looks in one level at a time.
        var set = DataSetBuilder()
        let depth = 3000
        for level in 0..<depth {
            let rest = UInt32((depth - level) * 20 - 12)
            set.start(Tag(0x0008, 0x1140), .sq, rest)
            set.item(rest - 8)
        }
        let (result, parts) = try scan(set.bytes, nil)
        var header = DataSetHeader(parts.header, result)
        for _ in 0..<100 {
            header = try #require(header.item(Tag(0x0008, 0x1140)))
        }
    }

    @Test func `undefined lengths nested deep within a defined length cost no stack`() throws {
        var inner = DataSetBuilder()
        for _ in 0..<3000 {
            inner.start(Tag(0x0008, 0x1140), .sq, DataSetBuilder.undefined)
            inner.item()
        }
        var set = DataSetBuilder()
        set.start(Tag(0x0008, 0x1140), .sq, UInt32(inner.bytes.count + 8))
        set.item(UInt32(inner.bytes.count))
        set.bytes += inner.bytes
        let (result, parts) = try scan(set.bytes, nil)
        let item = DataSetHeader(parts.header, result).item(Tag(0x0008, 0x1140))
        #expect(item?.tags == [])
    }

    @Test func `a header of more than 16 MiB is refused`() throws {
        var scanner = DataSetScanner(transferSyntax: nil)
        var sink = RecordedParts()
        var set = DataSetBuilder()
        set.element(Tag(0x0009, 0x1001), .ob, [UInt8](repeating: 1, count: 65536))
        let error = #expect(throws: DICOMError.self) {
            for _ in 0..<300 { try scanner.consume(set.bytes.span.bytes, into: &sink) }
        }
        #expect(error?.code == .tooLarge)
        #expect(sink.header.count <= 16 << 20)
    }

    /// Scans and reads all there is to read; a refusal must be the module's own, and the same in small fragments.
    private func survive(_ bytes: [UInt8], _ syntax: TransferSyntax?) throws {
        let count = min(bytes.count, Part10.bytesToRecognize)
        _ = Part10.recognize(bytes.span.bytes.extracting(0..<count))
        var limits = ScanLimits()
        limits.inflatedBytes = 1 << 20
        let whole = outcome { try scan(bytes, syntax, limits: limits) }
        let pieces = outcome { try scan(bytes, syntax, fragments: [1, 5], limits: limits) }
        switch (whole, pieces) {
        case (.success(let (result, parts)), .success(let (result2, parts2))):
            #expect(result == result2)
            #expect(parts.all == parts2.all && parts.effectiveHeader == parts2.effectiveHeader)
            #expect(parts.all == bytes)
            #expect(parts.reassembled(result) == bytes)
            read(DataSetHeader(parts.effectiveHeader, result), depth: 0)
        case (.failure(let error), .failure(let error2)):
            #expect(error.code == error2.code)
        default:
            Issue.record("fragments change the outcome: \(whole) \(pieces) \(bytes)")
        }
    }

    private func outcome<Value>(_ body: () throws -> Value) -> Result<Value, DICOMError> {
        do {
            return .success(try body())
        } catch let error as DICOMError {
            return .failure(error)
        } catch {
            Issue.record("\(error)")
            return .failure(DICOMError(.malformed, "\(error)"))
        }
    }

    private func read(_ header: DataSetHeader, depth: Int) {
        for tag in header.tags {
            _ = header.texts(tag)
            _ = header.integers(tag)
            _ = header.decimals(tag)
            guard depth < 5 else { continue }
            for item in header.items(tag).prefix(3) { read(item, depth: depth + 1) }
        }
        _ = try? InstanceIdentity(header)
        for tag in header.tags {
            _ = header.text(tag)
            _ = header.decimals(tag)
            _ = header.item(tag)?.tags
        }
        _ = ImagePixelModule(header)?.transform(frame: 1)
    }

    /// A data set with all kinds of structure.
    static func rich(_ encoding: DataSetEncoding) -> [UInt8] {
        var set = DataSetBuilder(encoding)
        set.text(.specificCharacterSet, .cs, "ISO 2022 IR 13\\ISO 2022 IR 87")
        set.text(.sopInstanceUID, .ui, "1.2.3")
        set.start(Tag(0x0008, 0x1140), .sq, DataSetBuilder.undefined)
        set.item()
        set.text(.sopInstanceUID, .ui, "1.2")
        set.start(Tag(0x0040, 0xA170), .sq, DataSetBuilder.undefined)
        set.endSequence()
        set.endItem()
        set.item(0)
        set.endSequence()
        set.start(Tag(0x0009, 0x1001), .un, DataSetBuilder.undefined)
        let outer = set.encoding
        set.encoding = encoding.isExplicit ? .implicitLittleEndian : encoding
        set.item()
        set.text(.patientID, .lo, "X")
        set.endItem()
        set.endSequence()
        set.encoding = outer
        set.element(.patientName, .pn, [0xD4, 0xCF, 0x1B, 0x24, 0x42, 0x3B, 0x33, 0x45, 0x44, 0x1B, 0x28, 0x4A])
        set.text(.patientID, .lo, "P1")
        set.text(.studyInstanceUID, .ui, "1.2")
        set.text(.seriesInstanceUID, .ui, "1.2")
        set.us(.rows, 2)
        set.us(.columns, 2)
        set.text(.windowCenter, .ds, "40\\50")
        set.text(.windowWidth, .ds, "400\\500")
        set.start(.pixelData, .ob, DataSetBuilder.undefined)
        set.item(0)
        set.item(4)
        set.bytes += [1, 2, 3, 4]
        set.endSequence()
        set.element(Tag(0x7FE1, 0x0010), .lo, [0x41, 0x42])
        set.element(Tag(0xFFFC, 0xFFFC), .ob, [0, 0])
        return set.bytes + [1, 2, 3]
    }
}
