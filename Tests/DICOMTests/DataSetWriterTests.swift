import DICOM
import TestSupport
import Testing

@Suite struct DataSetWriterTests {
    @Test(arguments: [true, false])
    func `what is written is read`(isExplicit: Bool) throws {
        var item = DataSetWriter(isExplicit: isExplicit)
        item.put(.studyID, .sh, Array("A".utf8))
        var writer = DataSetWriter(isExplicit: isExplicit)
        writer.put(.patientID, .lo, Array("odd".utf8))
        writer.put(.studyInstanceUID, .ui, Array("1.2.3".utf8))
        writer.put(.modalityLUTSequence, items: [item, DataSetWriter(isExplicit: isExplicit)])
        writer.put(.patientName, .pn, Array("Doe".utf8))
        writer.put(.rows, .us, [8, 0])
        writer.put(.encapsulatedDocument, .ob, [1])
        let header = try header(
            writer.bytes, isExplicit ? .explicitVRLittleEndian : .implicitVRLittleEndian)
        #expect(header.tags == header.tags.sorted())
        #expect(header.tags.count == 6)
        #expect(header.bytes(.patientID) == Array("odd ".utf8)[...])
        #expect(header.bytes(.studyInstanceUID) == Array("1.2.3\0".utf8)[...])
        #expect(header.integer(.rows) == 8)
        #expect(header.items(.modalityLUTSequence).map { $0.text(.studyID) } == ["A", nil])
    }

    @Test func `bytes are those of the standard`() {
        var writer = DataSetWriter(isExplicit: true)
        writer.put(.patientID, .lo, Array("AB".utf8))
        writer.put(.modalityLUTSequence, items: [DataSetWriter(isExplicit: true)])
        #expect(
            writer.bytes == [
                0x10, 0, 0x20, 0, 0x4C, 0x4F, 2, 0, 0x41, 0x42, 0x28, 0, 0, 0x30, 0x53, 0x51, 0, 0, 8, 0, 0, 0, 0xFE,
                0xFF, 0,
                0xE0, 0, 0, 0, 0,
            ])
    }

    @Test func `a value too long for its VR is of VR UN and whole`() throws {
        var writer = DataSetWriter(isExplicit: true)
        writer.put(.patientID, .lo, [UInt8](repeating: 0x41, count: 65_535))
        #expect(writer.bytes.prefix(12) == [0x10, 0, 0x20, 0, 0x55, 0x4E, 0, 0, 0, 0, 1, 0])
        #expect(writer.bytes.count == 12 + 65_536)
    }

    @Test func `the last of several elements with one tag counts`() {
        var writer = DataSetWriter(isExplicit: false)
        writer.put(.patientID, .lo, Array("AB".utf8))
        writer.put(.patientID, .lo, Array("CD".utf8))
        #expect(writer.bytes == [0x10, 0, 0x20, 0, 2, 0, 0, 0, 0x43, 0x44])
    }

    @Test func `elements are copied into another encoding and character set`() throws {
        var set = DataSetBuilder(.explicitBigEndian)
        set.text(.specificCharacterSet, .cs, "ISO_IR 100")
        set.start(Tag(0x0008, 0x1140), .sq, DataSetBuilder.undefined)
        set.item()
        set.element(.patientName, .pn, [0xE9, 0x20])
        set.us(.rows, 258)
        set.endItem()
        set.endSequence()
        set.element(.patientName, .pn, [0xE9, 0x20])
        set.us(.rows, 258, 3)
        let source = try header(set.bytes, .explicitVRBigEndian)
        for isExplicit in [true, false] {
            var writer = DataSetWriter(isExplicit: isExplicit)
            writer.put(.specificCharacterSet, .cs, Array("ISO_IR 192".utf8))
            for tag in source.tags.dropFirst() {
                let isHeld = writer.put(tag, of: source, in: .utf8)
                #expect(isHeld)
            }
            let read = try header(
                writer.bytes, isExplicit ? .explicitVRLittleEndian : .implicitVRLittleEndian)
            #expect(read.text(.patientName) == "é")
            #expect(read.integers(.rows) == [258, 3])
            #expect(read.item(Tag(0x0008, 0x1140))?.text(.patientName) == "é")
            #expect(read.item(Tag(0x0008, 0x1140))?.integers(.rows) == [258])
        }
        var writer = DataSetWriter(isExplicit: true)
        let isHeld = writer.put(.patientName, of: source, in: SpecificCharacterSet([]))
        #expect(!isHeld)
        #expect(writer.bytes.isEmpty)
    }
}
