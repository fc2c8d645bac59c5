import DICOM
import Foundation
import TestSupport
import Testing

/// Headers in the DICOM JSON Model.
struct JSONTests {
    private func header(_ set: DataSetBuilder) throws -> DataSetHeader {
        let (result, parts) = try scan(set.bytes, set.encoding.syntax)
        return DataSetHeader(parts.effectiveHeader, result)
    }

    private func json(_ set: DataSetBuilder) throws -> String {
        String(decoding: try #require(try header(set).json(limit: 1 << 26)), as: UTF8.self)
    }

    /// The value of one element, as it stands in the text.
    private func value(_ vr: VR, _ bytes: [UInt8], _ encoding: DataSetEncoding = .explicitLittleEndian) throws -> String
    {
        var set = DataSetBuilder(encoding)
        set.text(Tag(0x0008, 0x0005), .cs, "ISO_IR 192")
        set.element(Tag(0x0009, 0x1001), vr, bytes)
        let text = try json(set)
        let start = "{\"00080005\":{\"vr\":\"CS\",\"Value\":[\"ISO_IR 192\"]},\"00091001\":{\"vr\":\""
        #expect(text.hasPrefix(start))
        #expect(try JSONSerialization.jsonObject(with: Data(text.utf8)) is [String: Any])
        return String(text.dropFirst(start.count).dropLast(2))
    }

    private func value(_ vr: VR, _ text: String) throws -> String { try value(vr, Array(text.utf8)) }

    @Test func `text is a string, cut at its end only, and an empty value among others is null`() throws {
        #expect(try value(.lo, "") == "LO\"")
        #expect(try value(.lo, "  ") == "LO\"")
        #expect(try value(.lo, " a \\b ") == "LO\",\"Value\":[\" a\",\"b\"]")
        #expect(try value(.sh, "a\\\\b\\") == "SH\",\"Value\":[\"a\",null,\"b\",null]")
        #expect(try value(.lt, " a\\b ") == "LT\",\"Value\":[\" a\\\\b\"]")
        #expect(try value(.ui, "1.2.3\0") == "UI\",\"Value\":[\"1.2.3\"]")
        #expect(try value(.ut, "é\"\n\u{1}\u{7F}") == "UT\",\"Value\":[\"é\\\"\\u000a\\u0001\u{7F}\"]")
        // No UTF-8.
        #expect(try value(.lo, [0x41, 0xFF, 0x42, 0x20]) == "LO\",\"Value\":[\"AB\"]")
    }

    @Test func `a person name is its component groups`() throws {
        let name = "Yamada^Tarou=山田^太郎=やまだ^たろう"
        #expect(
            try value(.pn, name)
                == "PN\",\"Value\":[{\"Alphabetic\":\"Yamada^Tarou\",\"Ideographic\":\"山田^太郎\",\"Phonetic\":\"やまだ^たろう\"}]"
        )
        #expect(try value(.pn, "=a=b=c") == "PN\",\"Value\":[{\"Ideographic\":\"a\",\"Phonetic\":\"b=c\"}]")
        #expect(
            try value(.pn, "A^B\\\\==\\C ")
                == "PN\",\"Value\":[{\"Alphabetic\":\"A^B\"},null,null,{\"Alphabetic\":\"C\"}]")
    }

    @Test(arguments: [
        (VR.ds, "1.50", "1.50"), (.ds, "-0.5e-3 ", "-0.5e-3"), (.ds, " 7", "7"), (.ds, "+5", "5.0"), (.ds, ".5", "0.5"),
        (.ds, "007", "7.0"), (.ds, "5.", "5.0"), (.ds, "1e400", "\"1e400\""), (.ds, "0x10", "\"0x10\""),
        (.ds, "nan", "\"nan\""), (.ds, "1,5", "\"1,5\""), (.ds, "-", "\"-\""), (.ds, "--1", "\"--1\""),
        (.ds, "1.e5", "100000.0"), (.ds, "12345678.9012345", "12345678.9012345"),
        (.ds, "9999999999999999", "9999999999999999"),
        (.is, "12", "12"), (.is, "+0012 ", "12"), (.is, "-3", "-3"), (.is, "1.5", "\"1.5\""), (.is, "1_0", "\"1_0\""),
        (.is, "9223372036854775807", "9223372036854775807"), (.is, "9223372036854775808", "\"9223372036854775808\""),
        (.is, "1\\\\3", "1,null,3"),
    ])
    func `text of a number is a number where it is one`(vr: VR, text: String, expected: String) throws {
        #expect(try value(vr, text) == "\(vr)\",\"Value\":[\(expected)]")
    }

    @Test func `binary numbers are exact, and those JSON has none for are strings`() throws {
        #expect(try value(.us, [1, 0, 255, 255]) == "US\",\"Value\":[1,65535]")
        #expect(try value(.ss, [255, 255]) == "SS\",\"Value\":[-1]")
        #expect(try value(.ul, [255, 255, 255, 255]) == "UL\",\"Value\":[4294967295]")
        #expect(try value(.sl, [254, 255, 255, 255]) == "SL\",\"Value\":[-2]")
        #expect(try value(.uv, [UInt8](repeating: 255, count: 8)) == "UV\",\"Value\":[18446744073709551615]")
        #expect(try value(.sv, [0, 0, 0, 0, 0, 0, 0, 128]) == "SV\",\"Value\":[-9223372036854775808]")
        #expect(try value(.fl, [0xCD, 0xCC, 0xCC, 0x3D]) == "FL\",\"Value\":[0.10000000149011612]")
        #expect(
            try value(.fl, [0, 0, 0x80, 0x7F, 0, 0, 0x80, 0xFF, 0, 0, 0xC0, 0x7F])
                == "FL\",\"Value\":[\"inf\",\"-inf\",\"NaN\"]")
        #expect(try value(.fd, [1, 0, 0, 0, 0, 0, 0, 0]) == "FD\",\"Value\":[5e-324]")
        #expect(try value(.at, [0x08, 0, 0x1A, 0]) == "AT\",\"Value\":[\"0008001A\"]")
        #expect(try value(.at, [0, 8, 0, 0x1A], .explicitBigEndian) == "AT\",\"Value\":[\"0008001A\"]")
        #expect(try value(.ul, [0, 0, 1, 2], .explicitBigEndian) == "UL\",\"Value\":[258]")
        // Not of this length.
        #expect(try value(.us, [1, 0, 2]) == "UN\",\"InlineBinary\":\"AQAC\"")
    }

    @Test func `bytes are base64, the lowest first`() throws {
        #expect(try value(.ob, [1, 2, 3]) == "OB\",\"InlineBinary\":\"AQID\"")
        #expect(try value(.ow, [1, 2, 3, 4], .explicitBigEndian) == "OW\",\"InlineBinary\":\"AgEEAw==\"")
        #expect(try value(.of, [1, 2, 3, 4], .explicitBigEndian) == "OF\",\"InlineBinary\":\"BAMCAQ==\"")
        #expect(try value(.od, Array(1...8), .explicitBigEndian) == "OD\",\"InlineBinary\":\"CAcGBQQDAgE=\"")
        #expect(try value(.ob, []) == "OB\"")
        #expect(try value(VR(rawValue: 0x5A5A), [1, 2]) == "UN\",\"InlineBinary\":\"AQI=\"")
    }

    @Test func `elements are in the order of their tags, without bulk, group lengths and delimiters`() throws {
        var set = DataSetBuilder()
        set.element(Tag(0x0008, 0x0000), .ul, [0, 0, 0, 0])
        set.text(.modality, .cs, "CT")
        set.text(.patientID, .lo, "first")
        set.text(.specificCharacterSet, .cs, "ISO_IR 100")
        set.element(.patientName, .pn, [0xE9])
        set.text(.patientID, .lo, "second")
        set.endItem()
        set.element(.pixelData, .ow, [1, 2])
        #expect(
            try json(set)
                == "{\"00080005\":{\"vr\":\"CS\",\"Value\":[\"ISO_IR 192\"]},\"00080060\":{\"vr\":\"CS\",\"Value\":[\"CT\"]},"
                + "\"00100010\":{\"vr\":\"PN\",\"Value\":[{\"Alphabetic\":\"é\"}]},"
                + "\"00100020\":{\"vr\":\"LO\",\"Value\":[\"first\"]}}")
        #expect(try json(DataSetBuilder()) == "{}")
        var odd = DataSetBuilder()
        odd.element(.specificCharacterSet, .ob, [1, 2])
        #expect(try json(odd) == "{\"00080005\":{\"vr\":\"CS\",\"Value\":[\"ISO_IR 192\"]}}")
    }

    @Test(arguments: [DataSetEncoding.explicitLittleEndian, .implicitLittleEndian, .explicitBigEndian])
    func `sequences are objects within, with the pixels' sign of the data set around them`(encoding: DataSetEncoding)
        throws
    {
        var set = DataSetBuilder(encoding)
        set.us(.pixelRepresentation, 1)
        set.start(.modalityLUTSequence, .sq, DataSetBuilder.undefined)
        set.item()
        set.start(.smallestImagePixelValue, .ss, 2)
        set.number16(0xFFFF)
        set.start(Tag(0x0054, 0x0220), .sq, 8)
        set.start(Tag(0xFFFE, 0xE000), .un, 0)
        set.endItem()
        set.item(0)
        set.endSequence()
        #expect(
            try json(set)
                == "{\"00280103\":{\"vr\":\"US\",\"Value\":[1]},\"00283000\":{\"vr\":\"SQ\",\"Value\":["
                + "{\"00280106\":{\"vr\":\"SS\",\"Value\":[-1]},\"00540220\":{\"vr\":\"SQ\",\"Value\":[{}]}},{}]}}")
    }

    @Test func `text in an item is in the set of the item, or of the data set around it`() throws {
        var set = DataSetBuilder()
        set.text(.specificCharacterSet, .cs, "ISO_IR 192")
        set.start(Tag(0x0040, 0x0275), .sq, DataSetBuilder.undefined)
        set.item()
        set.text(.studyDescription, .lo, "é")
        set.endItem()
        set.item()
        set.text(.specificCharacterSet, .cs, "ISO_IR 100")
        set.element(.studyDescription, .lo, [0xE9, 0x20])
        set.endItem()
        set.endSequence()
        let charset = "\"00080005\":{\"vr\":\"CS\",\"Value\":[\"ISO_IR 192\"]}"
        let description = "\"00081030\":{\"vr\":\"LO\",\"Value\":[\"é\"]}"
        #expect(
            try json(set)
                == "{\(charset),\"00400275\":{\"vr\":\"SQ\",\"Value\":[{\(description)},{\(charset),\(description)}]}}")
    }

    @Test func `sequences deeper than the limit have no items, and the text stays JSON`() throws {
        var set = DataSetBuilder()
        var inner: [UInt8] = []
        for _ in 0..<2000 {
            var level = DataSetBuilder()
            level.start(Tag(0x0040, 0xA730), .sq, UInt32(inner.count + 8))
            level.item(UInt32(inner.count))
            inner = level.bytes + inner
        }
        set.bytes = inner
        let text = try json(set)
        #expect(text.components(separatedBy: "0040A730").count - 1 == DataSetHeader.deepestJSON + 1)
        #expect(
            text.hasSuffix(
                "{\"0040A730\":{\"vr\":\"SQ\"}" + "}" + String(repeating: "]}}", count: DataSetHeader.deepestJSON)))
    }

    @Test func `a text that would be longer than wanted is none`() throws {
        var set = DataSetBuilder()
        set.text(.patientID, .lo, String(repeating: "\u{1}", count: 1000))
        let length = try #require(try header(set).json(limit: 1 << 20)).count
        #expect(length > 6000)
        #expect(try header(set).json(limit: length)?.count == length)
        #expect(try header(set).json(limit: length - 1) == nil)
    }

    @Test func `the worst headers of 800 KiB are JSON of at most 6,800 KiB`() throws {
        var empty = DataSetBuilder(.implicitLittleEndian)
        for number in (0..<100_000).reversed() { empty.start(Tag(rawValue: 0x0011_1000 + UInt32(number)), .un, 0) }
        var backslashes = DataSetBuilder(.explicitLittleEndian)
        backslashes.start(Tag(0x0040, 0xA730), .sq, DataSetBuilder.undefined)
        backslashes.item()
        backslashes.element(Tag(0x0040, 0xA160), .uc, [UInt8](repeating: 0x5C, count: 800 << 10))
        backslashes.endItem()
        backslashes.endSequence()
        var deep = DataSetBuilder(.implicitLittleEndian)
        for _ in 0..<60 {
            deep.start(Tag(0x0040, 0xA730), .sq, DataSetBuilder.undefined)
            deep.item()
        }
        for _ in 0..<100_000 { deep.start(Tag(0x0040, 0xA731), .un, 0) }
        for _ in 0..<60 {
            deep.endItem()
            deep.endSequence()
        }
        for set in [empty, backslashes, deep] {
            let text = try #require(try header(set).json(limit: 6800 << 10))
            #expect(text.first == UInt8(ascii: "{") && text.last == UInt8(ascii: "}"))
        }
    }
}

extension DataSetEncoding {
    /// A transfer syntax that has it.
    fileprivate var syntax: TransferSyntax {
        switch self {
        case .explicitLittleEndian: .explicitVRLittleEndian
        case .explicitBigEndian: .explicitVRBigEndian
        default: .implicitVRLittleEndian
        }
    }
}
