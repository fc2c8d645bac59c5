import DICOM
import TestSupport
import Testing

@Suite struct Part10Tests {
    @Test func `the generated head of format 1 is these bytes for ever`() throws {
        let head = try #require(
            Part10Head.generated(
                format: 1, sopClassUID: "1.2.840.10008.5.1.4.1.1.7", sopInstanceUID: "1.2.3.4",
                transferSyntaxUID: "1.2.840.10008.1.2.1"))
        let group = """
            02000000554c0400 a2000000\
            020001004f42000002000000 0001\
            0200020055491a00 312e322e3834302e31303030382e352e312e342e312e312e3700\
            0200030055490800 312e322e332e3400\
            0200100055491400 312e322e3834302e31303030382e312e322e3100\
            0200120055492c00 \
            322e32352e323930333735303833313632353330343234303731333634373433353336313038383431333630\
            0200130053480a00 4449434f4d46535f3120
            """.replacing(" ", with: "")
        let expected = String(repeating: "00", count: 128) + "4449434d" + group
        #expect(head.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined() == expected)
    }

    @Test func `a head of a format from the future is not generated`() {
        #expect(Part10Head.generated(format: 2, sopClassUID: "1", sopInstanceUID: "1", transferSyntaxUID: "1") == nil)
    }

    @Test func `a generated head is recognised with its length and transfer syntax`() throws {
        let head = try generatedHead()
        #expect(
            recognize(head + DataSetBuilder.image().bytes)
                == .file(
                    head: head.count, syntax: .explicitVRLittleEndian, sopClass: "1.2.840.10008.5.1.4.1.1.7",
                    sopInstance: "1.2.3.4.5"))
    }

    @Test func `group 2 without a preamble is recognised`() throws {
        let head = Array(try generatedHead()[132...])
        guard case .file(let found) = recognize(head + DataSetBuilder.image().bytes) else {
            Issue.record("not recognised")
            return
        }
        #expect(found.length == head.count)
    }

    @Test func `a preamble without group 2 is recognised`() {
        let preamble = [UInt8](repeating: 0, count: 128) + Array("DICM".utf8)
        #expect(recognize(preamble + DataSetBuilder.image().bytes) == .file(head: 132))
        #expect(recognize(preamble) == .file(head: 132))
    }

    @Test(arguments: [0, 4, 1000, 0xFFFF_FFFF] as [UInt32])
    func `a group length that lies is not trusted`(length: UInt32) throws {
        var head = try generatedHead()
        head.replaceSubrange(140..<144, with: [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: length >> UInt32($0)) })
        guard case .file(let found) = recognize(head + DataSetBuilder.image().bytes) else {
            Issue.record("not recognised")
            return
        }
        #expect(found.length == head.count)
    }

    @Test func `group 2 without its length is read to its end`() throws {
        var head = try generatedHead()
        head.removeSubrange(132..<144)
        guard case .file(let found) = recognize(head + DataSetBuilder.image(.implicitLittleEndian).bytes) else {
            Issue.record("not recognised")
            return
        }
        #expect(found.length == head.count)
        #expect(found.transferSyntax == .explicitVRLittleEndian)
    }

    @Test(arguments: [DataSetEncoding.explicitLittleEndian, .implicitLittleEndian, .explicitBigEndian])
    func `a bare data set is recognised`(encoding: DataSetEncoding) {
        #expect(recognize(DataSetBuilder.image(encoding).bytes) == .file(head: 0))
    }

    @Test(arguments: [
        "", "#!/bin/sh\necho hello\n", "\u{8}\0\u{5}\0nothing of the kind", "GIF89a", "{\"json\": true}",
        String(repeating: "\0", count: 4096), String(repeating: "text ", count: 400),
    ])
    func `other files are not DICOM`(text: String) {
        #expect(recognize(Array(text.utf8)) == .notDICOM)
    }

    @Test func `a DICOMDIR is told by its class`() throws {
        let head = try #require(
            Part10Head.generated(
                format: 1, sopClassUID: "1.2.840.10008.1.3.10", sopInstanceUID: "1.2",
                transferSyntaxUID: "1.2.840.10008.1.2.1"))
        #expect(recognize(head) == .directory)
        var records = DataSetBuilder()
        records.text(Tag(0x0004, 0x1130), .cs, "SET")
        #expect(recognize([UInt8](repeating: 0, count: 128) + Array("DICM".utf8) + records.bytes) == .directory)
    }

    private func generatedHead() throws -> [UInt8] {
        try #require(
            Part10Head.generated(
                format: 1, sopClassUID: "1.2.840.10008.5.1.4.1.1.7", sopInstanceUID: "1.2.3.4.5",
                transferSyntaxUID: "1.2.840.10008.1.2.1"))
    }

    private func recognize(_ bytes: [UInt8]) -> Part10 { Part10.recognize(bytes.span.bytes) }
}

extension Part10 {
    fileprivate static func file(
        head: Int, syntax: TransferSyntax? = nil, sopClass: String? = nil, sopInstance: String? = nil
    ) -> Part10 {
        .file(Head(length: head, transferSyntax: syntax, sopClassUID: sopClass, sopInstanceUID: sopInstance))
    }
}
