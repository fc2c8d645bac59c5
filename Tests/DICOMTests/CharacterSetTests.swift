import DICOM
import TestSupport
import Testing

/// The examples are those of PS3.5 annexes H, I, J and K.
@Suite struct CharacterSetTests {
    struct Name: Sendable, CustomTestStringConvertible {
        var terms: [String]
        var bytes: [UInt8]
        var text: String

        var testDescription: String { terms.joined(separator: "\\") }
    }

    static let names: [Name] = [
        Name(terms: ["ISO_IR 192"], bytes: Array("Wang^XiaoDong=王^小東".utf8), text: "Wang^XiaoDong=王^小東"),
        Name(terms: ["ISO_IR 100"], bytes: latin("Buc^J", 0xE9, "r", 0xF4, "me"), text: "Buc^Jérôme"),
        Name(
            terms: ["", "ISO 2022 IR 87"],
            bytes: latin(
                "Yamada^Tarou=", 0x1B, "$B;3ED", 0x1B, "(B^", 0x1B, "$BB@O:", 0x1B, "(B=", 0x1B, "$B$d$^$@", 0x1B,
                "(B^",
                0x1B, "$B$?$m$&", 0x1B, "(B"),
            text: "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        Name(
            terms: ["ISO 2022 IR 13", "ISO 2022 IR 87"],
            bytes: latin(
                0xD4, 0xCF, 0xC0, 0xDE, "^", 0xC0, 0xDB, 0xB3, "=", 0x1B, "$B;3ED", 0x1B, "(J^", 0x1B, "$BB@O:", 0x1B,
                "(J=", 0x1B, "$B$d$^$@", 0x1B, "(J^", 0x1B, "$B$?$m$&", 0x1B, "(J"),
            text: "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),
        Name(
            terms: ["", "ISO 2022 IR 149"],
            bytes: latin(
                "Hong^Gildong=", 0x1B, "$)C", 0xFB, 0xF3, "^", 0x1B, "$)C", 0xD1, 0xCE, 0xD4, 0xD7, "=", 0x1B, "$)C",
                0xC8, 0xAB, "^", 0x1B, "$)C", 0xB1, 0xE6, 0xB5, 0xBF),
            text: "Hong^Gildong=洪^吉洞=홍^길동"),
        Name(
            terms: ["", "ISO 2022 IR 58"],
            bytes: latin(
                "Zhang^XiaoDong=", 0x1B, "$)A", 0xD5, 0xC5, "^", 0x1B, "$)A", 0xD0, 0xA1, 0xB6, 0xAB, "="),
            text: "Zhang^XiaoDong=张^小东="),
        Name(
            terms: ["GB18030"],
            bytes: latin("Wang^XiaoDong=", 0xCD, 0xF5, "^", 0xD0, 0xA1, 0xB6, 0xAB, "="),
            text: "Wang^XiaoDong=王^小东="),
        // A name whose characters have 0x5C and 0x5E as second bytes.
        Name(terms: ["GBK"], bytes: [0x81, 0x5C, 0x81, 0x5E], text: "乗乛"),
        Name(terms: ["ISO_IR 166"], bytes: [0xA1, 0xA2, 0xE0], text: "กขเ"),
        Name(
            terms: ["ISO 2022 IR 100", "ISO 2022 IR 144", "ISO 2022 IR 126"],
            bytes: latin("J", 0xE9, "r=", 0x1B, "-L", 0xBB, 0xEE, 0xDA, "=", 0x1B, "-F", 0xC4, 0xE9),
            text: "Jér=Люк=Δι"),
        // What an escape sequence designated ends at the delimiter.
        Name(
            terms: ["ISO 2022 IR 100", "ISO 2022 IR 144"], bytes: latin(0x1B, "-L", 0xBB, "^", 0xE9), text: "Л^é"),
        // JIS X 0212, designated to G0.
        Name(
            terms: ["", "ISO 2022 IR 87", "ISO 2022 IR 159"], bytes: latin(0x1B, "$(D0!", 0x1B, "(B"),
            text: "丂"),
        // An escape sequence nobody knows is dropped and changes nothing.
        Name(terms: ["", "ISO 2022 IR 87"], bytes: latin("A", 0x1B, "zB"), text: "AzB"),
        // Terms as they are written where nobody looked them up.
        Name(terms: ["ISO-IR 100"], bytes: latin("A", 0xE9), text: "Aé"),
        Name(terms: ["iso ir_144"], bytes: latin("A", 0xBB), text: "AЛ"),
        Name(terms: ["", "ISO_2022-IR 149"], bytes: latin(0x1B, "$)C", 0xB1, 0xE6), text: "길"),
        Name(terms: ["ISO_2022_IR_149"], bytes: [0xB1, 0xE6], text: "길"),
        Name(terms: ["NO SUCH SET"], bytes: latin("A", 0xE9, "B"), text: "AB"),
        Name(terms: ["ISO_IR 192"], bytes: latin("A", 0xE9, "B", 0xC3), text: "AB"),
        Name(terms: ["ISO_IR 192"], bytes: latin("A", 0xED, 0xA0, 0x80, "B"), text: "AB"),
        // Half a character at the end.
        Name(terms: ["", "ISO 2022 IR 87"], bytes: latin("A", 0x1B, "$B;"), text: "A"),
    ]

    @Test(arguments: names)
    func `a name reads in its character set`(name: Name) {
        let set = SpecificCharacterSet(name.terms)
        #expect(set.decode(name.bytes, isPersonName: true) == name.text)
    }

    @Test func `a backslash that is half of a character divides no values`() {
        #expect(SpecificCharacterSet(["GB18030"]).decodeValues([0x81, 0x5C, 0x5C, 0x41]) == ["乗", "A"])
        #expect(
            SpecificCharacterSet(["", "ISO 2022 IR 87"]).decodeValues(Self.latin(0x1B, "$B0\\", 0x1B, "(B\\B"))
                == ["移", "B"])
        #expect(SpecificCharacterSet(["ISO_IR 13"]).decodeValues([0xB1, 0x5C, 0xB2]) == ["ｱ", "ｲ"])
    }

    @Test func `an item has the character set of its data set unless it declares another`() throws {
        var set = DataSetBuilder()
        set.text(.specificCharacterSet, .cs, "ISO_IR 192")
        set.start(Tag(0x0008, 0x1140), .sq, DataSetBuilder.undefined)
        set.item()
        set.text(.patientName, .pn, "é")
        set.endItem()
        set.item()
        set.text(.specificCharacterSet, .cs, "ISO_IR 100")
        set.element(.patientName, .pn, [0xE9, 0x20])
        set.endItem()
        set.endSequence()
        #expect(try header(set.bytes).items(Tag(0x0008, 0x1140)).map { $0.text(.patientName) } == ["é", "é"])
    }

    @Test func `codes and numbers are not text of the character set`() throws {
        var set = DataSetBuilder()
        set.text(.specificCharacterSet, .cs, "ISO_IR 13")
        set.text(.imageType, .cs, "ORIGINAL\\PRIMARY")
        #expect(try header(set.bytes).texts(.imageType) == ["ORIGINAL", "PRIMARY"])
        #expect(try header(set.bytes).text(.imageType) == "ORIGINAL\\PRIMARY")
    }

    static func latin(_ parts: any Sendable...) -> [UInt8] {
        parts.flatMap { part -> [UInt8] in
            if let text = part as? String { return Array(text.utf8) }
            return (part as? Int).map { [UInt8($0)] } ?? []
        }
    }
}
