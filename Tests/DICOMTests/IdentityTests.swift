import DICOM
import TestSupport
import Testing

/// Expected values were measured by storing such instances in Orthanc 1.10.1.
@Suite struct IdentityTests {
    @Test func `a Patient ID that holds items is refused`() throws {
        var set = DataSetBuilder(.explicitLittleEndian)
        set.start(.patientID, .un, DataSetBuilder.undefined)
        set.item()
        set.endItem()
        set.endSequence()
        for tag in [DICOM.Tag.studyInstanceUID, .seriesInstanceUID] { set.text(tag, .ui, "1.2") }
        let (result, parts) = try scan(set.bytes, nil)
        let header = DataSetHeader(parts.effectiveHeader, result)
        #expect(header.text(.patientID) == nil)
        #expect { try InstanceIdentity(header) } throws: { error in
            "\(error)".contains("Patient ID (0010,0020) holds items where text belongs")
        }
    }

    struct PatientCase: CustomTestStringConvertible, Sendable {
        var raw: [UInt8]
        var set: String?
        var value: String
        var identifier: String

        init(_ raw: [UInt8], _ set: String?, _ value: String, _ identifier: String) {
            self.raw = raw
            self.set = set
            self.value = value
            self.identifier = identifier
        }

        init(_ raw: String, _ set: String?, _ value: String, _ identifier: String) {
            self.init(Array(raw.utf8), set, value, identifier)
        }

        init(_ raw: String, _ value: String, _ identifier: String) {
            self.init(raw, nil, value, identifier)
        }

        var testDescription: String { "\(value.debugDescription) \(set ?? "")" }
    }

    static let ab = "06d94594-2aa26a61-be18c3e2-2bf19bbc-a8dd2b5d"
    static let abSpace = "38275815-4f5d9f97-75b6a9f2-8b6edd55-773c87e3"
    static let aéB = "3963f37a-921dcbfb-9234723d-ac32d393-3e55ecf9"
    static let empty = "da39a3ee-5e6b4b0d-3255bfef-95601890-afd80709"

    static let patients: [PatientCase] = [
        .init("PLAIN ", "PLAIN", "41e9c4b8-8383ff70-f72b2412-0b69ef16-36405123"),
        .init("  X ", "  X", "603a71f7-cc44cbb1-d15db891-f16cbd94-3930f31e"),
        .init("X\t", "X\t", "6d847e64-9e7efb5b-c16d6b3d-d81c1c02-7d55d001"),
        .init("X\n", "X\n", "b5fec669-aca110f1-505934b1-b08ce235-1072d16b"),
        .init("AB\t ", "AB\t", "47337dee-639c05c7-09e062fa-c60bb8de-189127be"),
        .init("AB\0CD ", "AB", ab),
        .init("AB \0CD", "AB ", abSpace),
        .init("AB \0", "AB ", abSpace),
        .init("AB\0  ", "AB", ab),
        .init("AB\0\0", "AB", ab),
        // A value of odd length keeps its spaces.
        .init("AB ", "AB ", abSpace),
        .init("A  ", "A  ", "74797416-50bf3dd1-320954f0-0cca8760-479b832e"),
        .init("\0ABC", "", empty),
        .init("A\\B", "A\\B", "9ccc6040-cd7ba89f-c31d2e11-aa08f8bd-b2c6cedb"),
        .init("A \\ B ", "A \\ B", "544edfd8-a1dd32c9-99140140-1b81a067-3d518ae7"),
        .init("", "", empty),
        .init("    ", "", empty),
        .init(
            String(repeating: "A", count: 256) + "    ", String(repeating: "A", count: 256),
            "72c5639d-af83feb2-b4e1cc03-e70479f3-e28af17d"),
        .init("Éa", nil, "Ã\u{89}a", "9ed7da48-5f65d419-34115676-a634bde6-2af978ee"),
        .init("Éa", "ISO_IR 192", "Éa", "e7db6dbb-221e2b8c-4e3feae3-df50ea0b-59a80860"),
        .init([0x41, 0xFF, 0x42, 0xC3], "ISO_IR 192", "AB", ab),
        .init("e\u{301} ", "ISO_IR 192", "e\u{301}", "7e3fbcf1-b6a69221-cd8eef74-42ef3b51-a253bb49"),
        .init([0x41, 0xA0, 0x20], "ISO_IR 100", "A\u{A0} ", "949cdb4b-49e27e24-88185023-3c536a33-f2b897d3"),
        .init("A\u{3000}", "ISO_IR 192", "A\u{3000}", "890382d2-8cd8e083-e1c89d00-30c3ab23-20bebbae"),
        .init([0x41, 0x85, 0x42, 0x20], "ISO_IR 100", "A\u{85}B", "4200f100-61ef322c-73fb286e-1d73fb52-52ee77b4"),
        .init([0x41, 0xE9, 0x42, 0x20], "ISO_IR 6", "AB", ab),
        .init([0x41, 0xE9, 0x42, 0x20], "", "AéB", aéB),
        .init([0x41, 0xE9, 0x42, 0x20], "  ", "AéB", aéB),
        .init([0x41, 0xE9, 0x42, 0x20], "iso_ir 100", "AéB", aéB),
        .init([0x41, 0xE9, 0x42, 0x20], "FOO_BAR ", "AB", ab),
        .init([0x41, 0xC1, 0xA4, 0x42], "ISO_IR 144", "AСЄB", "1d54b4a4-e1e43180-6f7640f3-f35062be-0408932c"),
        .init([0x41, 0xC1, 0xA4, 0x42], "ISO_IR 127", "Aء¤B", "4ce9051d-feb97a23-8058f767-46be4978-02c3ec7f"),
        .init([0x41, 0xC1, 0xA4, 0x42], "ISO_IR 126", "AΑ€B", "3e4d7987-803cd1b1-3dcb41e0-2e67f054-270bcf5c"),
        .init([0x41, 0xC1, 0xA4, 0x42], "ISO_IR 138", "A¤B", "4276501d-3dec0803-fbf010e3-fb526660-bc8298ec"),
        .init([0x41, 0xC1, 0xA4, 0x42], "ISO_IR 148", "AÁ¤B", "fad514d2-d0622e9d-705b52ec-2da6d607-1c26a706"),
        .init([0x41, 0xC1, 0xA4, 0x42], "ISO_IR 166", "AมคB", "49000f6f-78b75e93-f19b60bb-42999fd5-5bbde4a2"),
        .init([0x41, 0xFF, 0xA1, 0x20], "ISO_IR 166", "Aก", "9ff40482-58fa8a92-d98b634f-f3abef5f-98f9366c"),
        .init([0x41, 0xC1, 0xA4, 0x42], "ISO_IR 13", "Aﾁ､B", "afdaec8b-25424248-439a95d9-d69b208c-68b49de7"),
        .init(
            [0x41, 0x5C, 0x7E, 0xB1, 0xB2], "ISO_IR 13", "A¥‾ｱｲ", "f26a3f2c-782866ca-ec2c1142-5a1f0e51-e37acddf"),
        .init([0xCD, 0xF5, 0xD0, 0xA1], "GB18030", "王小", "40f79e67-a264f072-b22b7d20-abb8b150-15255d85"),
        .init([0xCD, 0xF5, 0xD0, 0xA1], "GBK", "王小", "40f79e67-a264f072-b22b7d20-abb8b150-15255d85"),
        .init([0x41, 0xFF, 0x81, 0x20], "GB18030", "A", "6dcd4ce2-3d88e2ee-9568ba54-6c007c63-d9131c1b"),
        .init(
            [0x1B, 0x24, 0x42, 0x3B, 0x33, 0x45, 0x44, 0x1B, 0x28, 0x42, 0x58], "\\ISO 2022 IR 87", "山田X",
            "47423bc2-985e176d-9447de6d-0abb818d-661481c0"),
        .init(
            [0xD4, 0xCF, 0xC0, 0xDE], "ISO 2022 IR 13\\ISO 2022 IR 87", "ﾔﾏﾀﾞ",
            "f91ec18e-a35aa1f3-b69c6b44-306a2455-8e92b99e"),
        .init(
            [0x1B, 0x24, 0x29, 0x43, 0xB1, 0xE8], "\\ISO 2022 IR 149", "김",
            "4fdd784c-12b36067-bf5c55e9-5af55b25-3ff3229c"),
        .init([0xB1, 0xE8], "ISO 2022 IR 149", "김", "4fdd784c-12b36067-bf5c55e9-5af55b25-3ff3229c"),
        .init(
            [0x1B, 0x24, 0x29, 0x41, 0xCD, 0xF5], "\\ISO 2022 IR 58", "王",
            "c7b16c7c-468cd413-352500bd-c9d032dd-7e972aa7"),
        .init([0x41, 0xE9], "ISO 2022 IR 6\\ISO 2022 IR 100", "A", "6dcd4ce2-3d88e2ee-9568ba54-6c007c63-d9131c1b"),
    ]

    @Test(arguments: patients)
    func `a Patient ID reads and hashes as in Orthanc`(patient: PatientCase) throws {
        let identity = try InstanceIdentity(header(Self.dataSet(patient.raw, set: patient.set)))
        #expect(identity.patientID.utf8.elementsEqual(patient.value.utf8), "\(identity.patientID.debugDescription)")
        #expect(identity.patient.description == patient.identifier)
    }

    @Test func `an absent Patient ID is an empty one`() throws {
        let identity = try InstanceIdentity(header(Self.dataSet(nil)))
        #expect(identity.patient.description == Self.empty)
    }

    @Test(arguments: [
        [UInt8](repeating: 0x41, count: 258), [UInt8](repeating: 0xE9, count: 200),
        [UInt8](repeating: 0x41, count: 70_000),
    ])
    func `a Patient ID of more than 256 bytes is refused`(raw: [UInt8]) {
        #expect(
            message { try InstanceIdentity(header(Self.dataSet(raw))) }
                == "Patient ID (0010,0020) is longer than 256 bytes")
    }

    @Test(arguments: [
        (" 1.2.3", "1.2.3"), ("1.2.3 ", "1.2.3"), ("1.2.3\0", "1.2.3"), ("1.2\03", "1.2"), ("1.2.a", "1.2.a"),
        ("01.02", "01.02"), ("1.2\\1.3", "1.2\\1.3"), ("1.2\t", "1.2"), ("\n1.2\r\n", "1.2"), ("1 2", "12"),
        (String(repeating: "1", count: 64), String(repeating: "1", count: 64)),
    ])
    func `a UID reads as in Orthanc`(raw: String, value: String) throws {
        let identity = try InstanceIdentity(header(Self.dataSet([], study: Array(raw.utf8))))
        #expect(identity.studyInstanceUID == value)
    }

    @Test(arguments: ["", "  ", "\0\0", "\01.2.3", " \0"])
    func `an empty UID is refused`(raw: String) {
        #expect(
            message { try InstanceIdentity(header(Self.dataSet([], study: Array(raw.utf8)))) }
                == "Study Instance UID (0020,000D) is missing: the instance cannot be identified")
    }

    @Test(arguments: ["1/2", "1|2", "1\t2", "1\u{7F}", "1é", String(repeating: "1", count: 65)])
    func `a UID that could be taken for something else is refused`(raw: String) {
        #expect(
            message { try InstanceIdentity(header(Self.dataSet([], study: Array(raw.utf8)))) }
                .hasPrefix("Study Instance UID (0020,000D) "))
    }

    @Test(arguments: [Tag.studyInstanceUID, .seriesInstanceUID, .sopInstanceUID])
    func `a missing UID is refused with its tag`(tag: Tag) {
        let bytes = Self.dataSet([], without: tag)
        let sentence = message { try InstanceIdentity(header(bytes)) }
        #expect(sentence.contains("\(tag) is missing"))
    }

    /// The identifiers Orthanc gave to the study and series of this patient.
    @Test func `identifiers join what they are within`() {
        let identity = InstanceIdentity(
            patientID: "P", studyInstanceUID: "1.2.3", seriesInstanceUID: "1.2.3.4", sopInstanceUID: "1.2.3.4.5")
        #expect(identity.patient.description == "511993d3-c99719e3-8a677907-3019dacd-7178ddb9")
        #expect(identity.study.description == "e722b7e7-848a8681-ec887fb8-6d84590e-5f4ccaaa")
        #expect(identity.series.description == "1e78a6a2-ba3cf0bc-4bdc3afd-f3c9bbaa-486aba2e")
        #expect(identity.instance.description == "0d156eb4-3165222d-88b657bc-858cd793-d3ab6e00")
    }

    @Test func `an identifier is read in both of its forms`() {
        let identifier = OrthancIdentifier.patient("P")
        #expect(OrthancIdentifier(identifier.description) == identifier)
        #expect(OrthancIdentifier(identifier.hex40) == identifier)
        #expect(OrthancIdentifier(identifier.hex40.uppercased()) == identifier)
        #expect(OrthancIdentifier(identifier.bytes) == identifier)
        for text in ["", "511993d3", identifier.description + "-", "5-" + identifier.description.dropFirst(2)] {
            #expect(OrthancIdentifier(text) == nil)
        }
    }

    static func dataSet(
        _ patientID: [UInt8]?, set: String? = nil, study: [UInt8] = Array("1.2.3\0".utf8), without: Tag? = nil
    ) -> [UInt8] {
        var builder = DataSetBuilder()
        if let set { builder.text(.specificCharacterSet, .cs, set) }
        if without != .sopInstanceUID { builder.text(.sopInstanceUID, .ui, "1.2.3.4.5") }
        if set == nil { builder.text(.modality, .cs, "OT") }
        if let patientID {
            if patientID.count > 65535 {
                builder.element(.patientID, .un, patientID)
            } else {
                builder.element(.patientID, .lo, patientID)
            }
        }
        if without != .studyInstanceUID { builder.element(.studyInstanceUID, .ui, study) }
        if without != .seriesInstanceUID { builder.text(.seriesInstanceUID, .ui, "1.2.3.4") }
        return builder.bytes
    }
}
