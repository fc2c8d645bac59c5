import DICOM
import TestSupport
import Testing

@Suite(.enabled(if: !Oracle.files.isEmpty, "\(Python.missing)"))
struct RealFileTests {
    /// Files that hold no whole data set, with the start of the sentence that says so.
    static let refused = [
        "MR_truncated.dcm":
            "The data set ends at byte 9296 within (7FE0,0010), which declares 8192 bytes: only 8130 are present",
        "rtplan_truncated.dcm":
            "The data set ends at byte 1829 within (300A,00B0), which declares 976 bytes: only 711 are present",
    ]

    @Test(arguments: Oracle.files)
    func `header and bulk of a file together are its data set`(file: RealFile) throws {
        guard let (bytes, head) = try file.dataSet() else { return }
        let result: ScannedDataSet
        let parts: RecordedParts
        do {
            (result, parts) = try scan(bytes, head.transferSyntax)
        } catch let error as DICOMError {
            let sentence = try #require(Self.refused[file.name], "\(error)")
            #expect(error.message.hasPrefix(sentence))
            return
        }
        #expect(Self.refused[file.name] == nil)
        #expect(parts.violations == [])
        #expect(parts.all == bytes)
        #expect(parts.reassembled(result) == bytes)
        #expect(result.totalLength == UInt64(bytes.count))
        #expect(result.headerLength == parts.effectiveHeader.count)
        for (element, bulk) in zip(result.bulkElements, parts.bulks) where !result.isDeflated {
            let start = Int(element.position)
            #expect(Array(bytes[start..<(start + Int(element.valueLength))]) == bulk.bytes)
        }
    }

    @Test(arguments: Oracle.files)
    func `how a file arrives in fragments changes nothing`(file: RealFile) throws {
        guard let (bytes, head) = try file.dataSet() else { return }
        guard let (whole, wholeParts) = try? scan(bytes, head.transferSyntax) else { return }
        for fragments in [[1], [7, 1, 13, 2, 4096], [16378]] where fragments != [1] || bytes.count < 200_000 {
            let (result, parts) = try scan(bytes, head.transferSyntax, fragments: fragments)
            #expect(result == whole)
            #expect(parts.effectiveHeader == wholeParts.effectiveHeader)
            #expect(parts.bulks.map(\.bytes) == wholeParts.bulks.map(\.bytes))
            #expect(parts.violations == [])
        }
    }

    @Test(arguments: Oracle.files)
    func `a file reads as pydicom reads it`(file: RealFile) throws {
        #expect(Oracle.readings.count > 100, "pydicom reads these files")
        guard let reading = Oracle.readings[file.path], let (bytes, head) = try file.dataSet() else { return }
        #expect(head.length == reading.offset)
        #expect((head.transferSyntax?.uid ?? "") == reading.syntax)
        guard let (result, parts) = try? scan(bytes, head.transferSyntax) else { return }
        let header = DataSetHeader(parts.effectiveHeader, result)
        let tags = header.tags.map(\.rawValue).filter { $0 >> 16 > 2 }
        #expect(tags == reading.tags)

        func same(_ tag: Tag, _ expected: String?) {
            let expected = expected?.trimmingSpaces
            #expect(header.text(tag) == (expected?.isEmpty == true ? nil : expected), "\(tag)")
        }
        same(.patientName, reading.patientName)
        same(.studyInstanceUID, reading.studyInstanceUID)
        same(.seriesInstanceUID, reading.seriesInstanceUID)
        same(.sopInstanceUID, reading.sopInstanceUID)
        same(.studyDescription, reading.studyDescription)
        same(.modality, reading.modality)
        #expect(header.integer(.rows) == reading.rows)
        #expect(header.integer(.columns) == reading.columns)
        #expect(header.integer(.bitsAllocated) == reading.bitsAllocated)
        #expect(header.integer(.pixelRepresentation) == reading.pixelRepresentation)
        #expect(header.decimals(.windowCenter) == reading.windowCenter ?? [])
        if let identity = try? InstanceIdentity(header) {
            #expect(identity.patientID == (reading.patientID ?? ""))
            #expect(identity.sopInstanceUID == reading.sopInstanceUID)
        }
    }
}

extension String {
    var trimmingSpaces: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
