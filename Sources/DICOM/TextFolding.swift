/// Letters without what makes them upper case or accented, for the comparison of person names.
///
/// Upper and lower case are one by the full case mapping of Unicode (ß is ss, a final sigma a sigma). Latin, Greek and Cyrillic
/// letters lose their marks, those drawn through them too (Ø, Ł): by the names Unicode gives them, `LATIN SMALL LETTER O
/// WITH STROKE`; a mark that is a character of its own is dropped, in Hebrew and Arabic too. Full-width forms are ASCII. Kana keep
/// their voiced marks, which make other sounds of them. No Foundation: what this gives depends on the standard library alone.
enum TextFolding {
    /// The folded text as Unicode scalars.
    static func scalars(_ text: some StringProtocol) -> [UInt32] {
        var folded: [UInt32] = []
        folded.reserveCapacity(text.utf8.count)
        if text.utf8.allSatisfy({ $0 < 0x80 }) {
            for byte in text.utf8 {
                folded.append(UInt32(byte >= 0x41 && byte <= 0x5A ? byte + 0x20 : byte))
            }
            return folded
        }
        for scalar in text.unicodeScalars {
            let value = scalar.value
            if value < 0x80 {
                folded.append(value >= 0x41 && value <= 0x5A ? value + 0x20 : value)
            } else if value < Self.tableEnd {
                let found = table[Int(value)]
                if found != several { if found != 0 { folded.append(found) } } else { folded += fold(scalar, bases) }
            } else {
                folded += fold(scalar, bases)
            }
        }
        return folded
    }

    private static let tableEnd: UInt32 = 0x600
    private static let several = UInt32.max

    /// Of the scalars that names have most: what each becomes, 0 for nothing, `several` for more than one.
    private static let table: [UInt32] = (0..<tableEnd).map { value in
        let folded = Unicode.Scalar(value).map { fold($0, bases) } ?? []
        return folded.count > 1 ? several : folded.first ?? 0
    }

    /// What is left of a lower-case letter when its marks are gone.
    private static let bases: [UInt32: UInt32] = {
        let ranges: [ClosedRange<UInt32>] = [
            0x61...0x7A, 0xDF...0x2AF, 0x3AC...0x3FF, 0x430...0x52F, 0x1E00...0x1EFF, 0x1F00...0x1FFF,
        ]
        var named: [String: UInt32] = [:]
        var marked: [(UInt32, String)] = []
        for value in ranges.joined() {
            guard let name = Unicode.Scalar(value)?.properties.name else { continue }
            let words = name.split(separator: " ")
            if let with = words.firstIndex(of: "WITH") {
                marked.append((value, words[..<with].joined(separator: " ")))
            } else {
                named[name] = value
            }
        }
        var bases: [UInt32: UInt32] = [:]
        for (value, name) in marked { bases[value] = named[name] }
        // Composed letters whose names do not say so.
        for (letter, base) in zip("ѐёѓїќѝўй".unicodeScalars, "еегікиуи".unicodeScalars) {
            bases[letter.value] = base.value
        }
        return bases
    }()

    private static func fold(_ scalar: Unicode.Scalar, _ bases: [UInt32: UInt32]) -> [UInt32] {
        switch scalar.value {
        case 0x300...0x36F, 0x483...0x487, 0x591...0x5BD, 0x5BF, 0x5C1, 0x5C2, 0x5C4, 0x5C5, 0x5C7, 0x610...0x61A,
            0x64B...0x65F, 0x670,
            0x1AB0...0x1AFF, 0x1DC0...0x1DFF, 0x20D0...0x20FF, 0xFE20...0xFE2F:
            return []
        case 0xFF01...0xFF5E: return scalars(String(Unicode.Scalar(UInt8(scalar.value - 0xFF01 + 0x21))))
        case 0x3000: return [0x20]
        // Without case or marks, and most of all characters: Han, kana, Hangul.
        case 0x3001...0xA63F, 0xAC00...0xD7FF: return [scalar.value]
        default: break
        }
        // Marks go first: upper case makes letters of some. By upper case and back, ß is ss and a final sigma a sigma.
        return scalar.properties.lowercaseMapping.unicodeScalars.flatMap { base(of: $0, bases) }.flatMap { letter in
            letter.properties.uppercaseMapping.unicodeScalars.flatMap { upper in
                upper.properties.lowercaseMapping.unicodeScalars.flatMap { base(of: $0, bases).map(\.value) }
            }
        }
    }

    private static func base(of scalar: Unicode.Scalar, _ bases: [UInt32: UInt32]) -> [Unicode.Scalar] {
        if (0x300...0x36F).contains(scalar.value) { return [] }
        return [bases[scalar.value].flatMap { Unicode.Scalar($0) } ?? scalar]
    }
}
