import DICOM
import TestSupport
import Testing

/// Text into bytes, and back by our own decoder and by pydicom's.
@Suite struct CharacterSetEncodingTests {
    static let sets: [[String]] = [
        [""], ["ISO_IR 100"], ["ISO_IR 192"], ["GB18030"], ["GBK"], ["ISO_IR 13"], ["ISO_IR 126"], ["ISO_IR 144"],
        ["ISO_IR 166"], ["", "ISO 2022 IR 87"], ["ISO 2022 IR 13", "ISO 2022 IR 87"],
        ["", "ISO 2022 IR 87", "ISO 2022 IR 159"], ["", "ISO 2022 IR 149"], ["", "ISO 2022 IR 58"],
        ["ISO 2022 IR 100", "ISO 2022 IR 144", "ISO 2022 IR 126"],
    ]
    static let texts = [
        "Doe^Jane", "Buc^Jérôme", "Yamada^Tarou=山田^太郎=やまだ^たろう", "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
        "Hong^Gildong=洪^吉洞=홍^길동", "Zhang^XiaoDong=张^小东=", "Διονύσιος", "Люк^ceмбypг", "กขเ", "Jér=Люк=Δι",
        "Jér Люк Δι é", "山 田\\A\\太郎", "山田 Tarou 太郎", "乗乛\\A", "丂", "王^小東", "𠀀", "a\r\n山\r\n田",
    ]

    @Test(arguments: sets)
    func `what a set holds reads as it was, and what it lacks is refused`(terms: [String]) throws {
        let set = SpecificCharacterSet(terms)
        var held = 0
        for text in Self.texts {
            guard let bytes = set.encode(text, isPersonName: true) else { continue }
            held += 1
            #expect(
                set.decodeValues(bytes, isPersonName: true).joined(separator: "\\") == text, "\(terms) \(bytes)")
        }
        #expect(held >= 1)
        if terms != ["ISO_IR 192"], terms != ["GB18030"] { #expect(held < Self.texts.count) }
    }

    @Test func `examples of the standard are written as it writes them`() {
        for name in CharacterSetTests.names.prefix(11)
        where name.terms != ["GBK"] && name.terms.last != "ISO 2022 IR 126" {
            #expect(
                SpecificCharacterSet(name.terms).encode(name.text, isPersonName: true) == name.bytes, "\(name.terms)")
        }
    }

    @Test func `a set refuses what it lacks`() {
        #expect(SpecificCharacterSet([]).encode("é") == nil)
        #expect(SpecificCharacterSet(["ISO_IR 100"]).encode("Łukasz") == nil)
        #expect(SpecificCharacterSet(["", "ISO 2022 IR 87"]).encode("길") == nil)
        #expect(SpecificCharacterSet(["ISO_IR 13"]).encode("~") == nil)
        #expect(SpecificCharacterSet(["ISO_IR 13"]).encode("¥") == nil)
        #expect(SpecificCharacterSet(["NO SUCH SET"]).encode("é") == nil)
        #expect(SpecificCharacterSet(["NO SUCH SET"]).encode("e") == [0x65])
        #expect(SpecificCharacterSet(["", "ISO 2022 IR 87"]).encode("\u{1B}$B") == nil)
    }

    @Test func `ASCII is back before delimiters and the end`() throws {
        let bytes = try #require(SpecificCharacterSet(["", "ISO 2022 IR 87"]).encode("山\\田"))
        #expect(
            bytes == [
                0x1B, 0x24, 0x42, 0x3B, 0x33, 0x1B, 0x28, 0x42, 0x5C, 0x1B, 0x24, 0x42, 0x45, 0x44, 0x1B, 0x28, 0x42,
            ])
    }

    @Test(.enabled(if: Python.path != nil, "\(Python.missing)"))
    func `pydicom reads what is written`() throws {
        var lines: [String] = []
        var expected: [String] = []
        // pydicom 3.0 leaves the escapes of ISO 2022 IR 58 in the text.
        for terms in Self.sets where terms != ["GBK"] && terms.last != "ISO 2022 IR 58" {
            for text in Self.texts where !text.contains("\\") && !text.contains("\r") {
                guard let bytes = SpecificCharacterSet(terms).encode(text, isPersonName: true) else { continue }
                lines.append(
                    terms.joined(separator: "\\") + "\t"
                        + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
                // It takes no notice of an empty group at the end.
                expected.append("\(terms) \(text.hasSuffix("=") ? String(text.dropLast()) : text)")
            }
        }
        let read = try Python.run(
            #"""
            import sys, warnings, logging
            warnings.simplefilter('ignore'); logging.disable(logging.CRITICAL)
            from pydicom.charset import convert_encodings
            from pydicom.valuerep import PersonName
            for line in sys.stdin.read().split('\n'):
                terms, value = line.split('\t')
                encodings = convert_encodings(terms.split('\\'))
                print(str(PersonName(bytes.fromhex(value), encodings).decode(encodings)))
            """#, input: lines.joined(separator: "\n"))
        #expect(read.status == 0, "\(read.errors)")
        let texts = read.output.split(separator: "\n").map { String($0) }
        #expect(expected.count > 40)
        #expect(texts.count == expected.count)
        for (text, expected) in zip(texts, expected) { #expect(expected.hasSuffix(" \(text)"), "\(text)") }
    }
}
