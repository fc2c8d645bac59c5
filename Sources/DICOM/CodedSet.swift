/// A coded character set that a value's bytes can be in, as designated by a defined term or an escape sequence.
struct CodedSet: Hashable, Sendable {
    /// How the bytes are to be presented to iconv.
    private enum Form {
        case plain
        /// Two bytes below 0x80 a character, which EUC has above it.
        case raised
        /// As `raised`, with the EUC prefix of JIS X 0212.
        case raisedSupplement
    }

    /// The name iconv knows it by; nil for an unknown set.
    private let charset: String?
    private let form: Form
    /// Bytes a character, while in runs: 1 or 2. Sets of variable width count as 1.
    let width: Int
    /// Whether it takes the bytes from 0x80 (G1), else those below (G0).
    let isUpper: Bool

    private init(_ charset: String?, _ form: Form = .plain, width: Int = 1, isUpper: Bool = true) {
        self.charset = charset
        self.form = form
        self.width = width
        self.isUpper = isUpper
    }

    static let ascii = CodedSet("ASCII", isUpper: false)
    private static let katakana = CodedSet(jisX0201)
    private static let kanji = CodedSet("EUC-JP", .raised, width: 2, isUpper: false)
    private static let supplementaryKanji = CodedSet("EUC-JP", .raisedSupplement, width: 2, isUpper: false)
    private static let korean = CodedSet("EUC-KR", width: 2)
    private static let chinese = CodedSet("GB2312", width: 2)
    private static let unknown = CodedSet(nil)
    /// Decoded here: iconv(3) of glibc has no such set.
    private static let jisX0201 = "JIS X 0201"

    /// The single-byte parts of ISO 8859 and TIS 620: registration number, final byte of the escape, iconv name.
    private static let single: [(String, UInt8, String)] = [
        ("100", 0x41, "ISO-8859-1"), ("101", 0x42, "ISO-8859-2"), ("109", 0x43, "ISO-8859-3"),
        ("110", 0x44, "ISO-8859-4"), ("144", 0x4C, "ISO-8859-5"), ("127", 0x47, "ISO-8859-6"),
        ("126", 0x46, "ISO-8859-7"), ("138", 0x48, "ISO-8859-8"), ("148", 0x4D, "ISO-8859-9"),
        ("203", 0x62, "ISO-8859-15"), ("166", 0x54, "TIS-620"),
    ]

    /// Whether bytes below 0x80 are not all ASCII: JIS X 0201 has a yen sign and an overline there.
    var replacesASCII: Bool { charset == Self.jisX0201 }
    /// Whether 0x5C may be the second byte of a character.
    var canHoldBackslash: Bool { charset == "GB18030" || charset == "GBK" }

    /// A defined term of Specific Character Set without what is often written otherwise: `ISO-IR 100`, `iso_ir 100`,
    /// `ISO 2022_IR 100`.
    static func normalized(_ term: String) -> String {
        term.uppercased().filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
    }

    /// The set a normalised defined term puts in effect at the start of a value.
    static func named(_ term: String) -> CodedSet {
        switch term {
        case "", "ISOIR6", "ISO2022IR6", "ISO2022IR87", "ISO2022IR159": return ascii
        case "ISOIR192": return CodedSet("UTF-8")
        case "GB18030", "GBK": return CodedSet(term)
        case "ISOIR13", "ISO2022IR13": return katakana
        case "ISO2022IR149": return korean
        case "ISO2022IR58": return chinese
        default:
            for prefix in ["ISOIR", "ISO2022IR"] where term.hasPrefix(prefix) {
                let number = term.dropFirst(prefix.count)
                if let entry = single.first(where: { $0.0 == number }) { return CodedSet(entry.2) }
            }
            return unknown
        }
    }

    /// The set that the bytes after an ESC designate (PS3.3 tables C.12-3 and C.12-4), and how many of them do; an unknown
    /// sequence designates nothing and is dropped.
    static func escape(_ bytes: ArraySlice<UInt8>) -> (CodedSet?, Int) {
        let three = Array(bytes.prefix(3))
        switch three.prefix(2) {
        case [0x28, 0x42], [0x28, 0x4A]: return (ascii, 2)
        case [0x29, 0x49]: return (katakana, 2)
        case [0x24, 0x42]: return (kanji, 2)
        default: break
        }
        switch three {
        case [0x24, 0x28, 0x44]: return (supplementaryKanji, 3)
        case [0x24, 0x29, 0x43]: return (korean, 3)
        case [0x24, 0x29, 0x41]: return (chinese, 3)
        default: break
        }
        if three.count >= 2, three[0] == 0x2D, let entry = single.first(where: { $0.1 == three[1] }) {
            return (CodedSet(entry.2), 2)
        }
        return (nil, 0)
    }

    /// The sets that a normalised defined term lets escape sequences designate (PS3.3 tables C.12-3 and C.12-4), each with the
    /// bytes after ESC; none for a term without code extensions.
    static func designated(by term: String) -> (set: CodedSet, escape: [UInt8])? {
        switch term {
        case "ISO2022IR87": return (kanji, [0x24, 0x42])
        case "ISO2022IR159": return (supplementaryKanji, [0x24, 0x28, 0x44])
        case "ISO2022IR149": return (korean, [0x24, 0x29, 0x43])
        case "ISO2022IR58": return (chinese, [0x24, 0x29, 0x41])
        case "ISO2022IR13", "ISOIR13": return (katakana, [0x29, 0x49])
        default:
            for prefix in ["ISOIR", "ISO2022IR"] where term.hasPrefix(prefix) {
                let number = term.dropFirst(prefix.count)
                if let entry = single.first(where: { $0.0 == number }) {
                    return (CodedSet(entry.2), [0x2D, entry.1])
                }
            }
            return nil
        }
    }

    /// What takes texts to this set; nil for JIS X 0201, and an unknown set.
    var encoder: CodedText.Encoder? {
        guard let charset, charset != Self.jisX0201 else { return nil }
        return CodedText.Encoder(charset)
    }

    /// Bytes of the same length as iconv(3) gives them, in the form that the set has here: of a G0 or G1 set those of one
    /// character that is not ASCII. Nil when they are of another set.
    func form(_ bytes: [UInt8]) -> [UInt8]? {
        switch form {
        case .plain where width == 2 || isUpper:
            return bytes.count == width && bytes.allSatisfy { $0 >= 0xA0 } ? bytes : nil
        case .plain: return bytes
        case .raised:
            return bytes.count == 2 && bytes.allSatisfy { $0 >= 0xA1 } ? bytes.map { $0 & 0x7F } : nil
        case .raisedSupplement:
            return bytes.count == 3 && bytes[0] == 0x8F ? bytes.dropFirst().map { $0 & 0x7F } : nil
        }
    }

    /// The byte of JIS X 0201 that a character has; nil when it has none, and for the yen sign, whose byte divides values.
    static func katakanaByte(_ scalar: Unicode.Scalar) -> UInt8? {
        switch scalar.value {
        case 0x7E: nil
        case 0..<0x80: UInt8(scalar.value)
        case 0x203E: 0x7E
        case 0xFF61...0xFF9F: UInt8(scalar.value - 0xFF61 + 0xA1)
        default: nil
        }
    }

    /// The text of bytes in this set.
    func decode(_ bytes: ArraySlice<UInt8>) -> String {
        guard let charset, self != .ascii else {
            return String(decoding: bytes.filter { $0 < 0x80 }, as: UTF8.self)
        }
        if charset == "ISO-8859-1" {
            var text = ""
            for byte in bytes { text.unicodeScalars.append(Unicode.Scalar(byte)) }
            return text
        }
        if charset == Self.jisX0201 { return Self.katakanaText(bytes) }
        if charset == "UTF-8", let text = String(validating: bytes, as: UTF8.self) { return text }
        return CodedText.decode(presented(bytes), from: charset)
    }

    private static func katakanaText(_ bytes: ArraySlice<UInt8>) -> String {
        var text = ""
        for byte in bytes {
            switch byte {
            case 0x5C: text.unicodeScalars.append("\u{A5}")
            case 0x7E: text.unicodeScalars.append("\u{203E}")
            case 0..<0x80: text.unicodeScalars.append(Unicode.Scalar(byte))
            case 0xA1...0xDF:
                if let scalar = Unicode.Scalar(0xFF61 + UInt32(byte - 0xA1)) { text.unicodeScalars.append(scalar) }
            default: break
            }
        }
        return text
    }

    private func presented(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        switch form {
        case .plain: return Array(bytes)
        case .raised: return bytes.map { $0 | 0x80 }
        case .raisedSupplement:
            var result: [UInt8] = []
            for (offset, byte) in bytes.enumerated() {
                if offset % 2 == 0 { result.append(0x8F) }
                result.append(byte | 0x80)
            }
            return result
        }
    }
}
