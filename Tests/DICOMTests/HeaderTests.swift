import DICOM
import TestSupport
import Testing

@Suite struct HeaderTests {
    @Test(arguments: DataSetScannerTests.encodings)
    func `numbers read in every encoding`(encoding: DataSetEncoding) throws {
        var set = DataSetBuilder(encoding)
        set.text(.imageType, .cs, "A\\B")
        set.text(.instanceNumber, .is, " 42")
        set.us(.rows, 513)
        set.text(.windowCenter, .ds, "40.5\\-1e2")
        set.text(.rescaleSlope, .ds, "nan")
        set.start(Tag(0x0018, 0x9310), .fd, 8)
        let bits: [UInt8] = [0x3F, 0xF8, 0, 0, 0, 0, 0, 0]
        set.bytes += encoding.isBigEndian ? bits : bits.reversed()
        let header = try header(set.bytes, .explicitVRLittleEndian)
        #expect(header.integer(.instanceNumber) == 42)
        #expect(header.integer(.rows) == 513)
        #expect(header.decimals(.windowCenter) == [40.5, -100])
        #expect(header.decimals(.rescaleSlope) == [])
        #expect(header.integers(.windowCenter) == [])
        #expect(header.decimals(Tag(0x0018, 0x9310)) == [1.5])
        #expect(header.texts(.imageType) == ["A", "B"])
        #expect(header.integer(.columns) == nil)
    }

    @Test func `signed and long numbers and tags read`() throws {
        var set = DataSetBuilder()
        set.element(Tag(0x0009, 0x1001), .ss, [0xFF, 0xFF, 1, 0])
        set.element(Tag(0x0009, 0x1002), .sl, [0xFE, 0xFF, 0xFF, 0xFF])
        set.element(Tag(0x0009, 0x1003), .ul, [0xFE, 0xFF, 0xFF, 0xFF])
        set.element(Tag(0x0009, 0x1004), .at, [0x10, 0, 0x20, 0])
        set.element(Tag(0x0009, 0x1005), .fl, [0, 0, 0xC0, 0x3F])
        set.element(Tag(0x0009, 0x1006), .uv, [UInt8](repeating: 0xFF, count: 8))
        let header = try header(set.bytes)
        #expect(header.integers(Tag(0x0009, 0x1001)) == [-1, 1])
        #expect(header.integers(Tag(0x0009, 0x1002)) == [-2])
        #expect(header.integers(Tag(0x0009, 0x1003)) == [0xFFFF_FFFE])
        #expect(header.integers(Tag(0x0009, 0x1004)) == [0x0010_0020])
        #expect(header.decimals(Tag(0x0009, 0x1005)) == [1.5])
        #expect(header.integers(Tag(0x0009, 0x1006)) == [Int.max])
    }

    @Test func `tags the module does not name have the representation of the data dictionary`() {
        #expect(DataDictionary.vr(of: Tag(0x0018, 0x0060)) == .ds)
        #expect(DataDictionary.vr(of: Tag(0x0018, 0x9310))?.description == "FD")
        #expect(DataDictionary.vr(of: Tag(0x0009, 0x1001)) == nil)
        #expect(DataDictionary.keyword(of: .patientID) == "PatientID")
        #expect(DataDictionary.keyword(of: Tag(0x0009, 0x1001)) == nil)
    }

    @Test func `the main tags of each level are decoded and trimmed`() throws {
        var set = DataSetBuilder()
        set.text(.specificCharacterSet, .cs, "ISO_IR 192")
        set.text(.imageType, .cs, "DERIVED\\SECONDARY")
        set.text(.sopClassUID, .ui, "1.2.840.10008.5.1.4.1.1.7")
        set.text(.studyDate, .da, "20260102")
        set.text(.modality, .cs, "CT ")
        set.text(.seriesDescription, .lo, "  Schädel ")
        set.text(.patientName, .pn, "Müller^Jörg")
        set.text(.patientSex, .cs, "")
        set.text(.instanceNumber, .is, "7")
        let header = try header(set.bytes)
        #expect(header.text(.patientName) == "Müller^Jörg")
        #expect(header.text(.patientSex) == nil)
        #expect(header.text(.studyDate) == "20260102")
        #expect(header.text(.modality) == "CT")
        #expect(header.text(.seriesDescription) == "Schädel")
        #expect(header.text(.sopClassUID) == "1.2.840.10008.5.1.4.1.1.7")
        #expect(header.text(.imageType) == "DERIVED\\SECONDARY")
        #expect(header.text(.instanceNumber) == "7")
    }

    @Test func `a transfer syntax knows its nature`() {
        #expect(TransferSyntax("1.2.840.10008.1.2.4.201").name?.hasPrefix("High-Throughput JPEG 2000") == true)
        #expect(TransferSyntax("1.2.840.10008.1.2.1\0") == .explicitVRLittleEndian)
        #expect(TransferSyntax.explicitVRBigEndian.nominalEncoding == .explicitBigEndian)
        #expect(TransferSyntax("1.2.840.113619.5.2").nominalEncoding == .implicitLittleEndian)
        #expect(TransferSyntax("1.2.3.4").name == nil)
        #expect(TransferSyntax("1.2.3.4").nominalEncoding == .explicitLittleEndian)
        #expect(TransferSyntax("1.2.840.10008.1.2.1.99").isDeflated)
    }
}
