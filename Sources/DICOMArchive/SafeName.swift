import Foundation

/// File names made of DICOM values that are safe for shells, SMB, Windows and macOS, and never above 255 bytes.
///
/// Kept are letters, marks and digits of any script (general categories L, M, N) and `-_.,+=@`; every run of anything
/// else becomes one `_`. Text is in Normalization Form C. A name never begins with `-` or `.` nor ends with `.`.
package enum SafeName {
    /// The longest name Linux takes: NAME_MAX, in bytes.
    package static let maximumLength = 255

    /// One value made safe; nil when nothing readable is left of it.
    package static func part(_ value: String?) -> String? {
        guard let value else { return nil }
        var safe = String.UnicodeScalarView()
        for scalar in value.precomposedStringWithCanonicalMapping.unicodeScalars {
            if isKept(scalar) {
                safe.append(scalar)
            } else if safe.last != "_" {
                safe.append("_")
            }
        }
        while let first = safe.first, first == "_" || first == "-" || first == "." { safe.removeFirst() }
        while let last = safe.last, last == "_" || last == "." { safe.removeLast() }
        return safe.isEmpty ? nil : String(safe)
    }

    /// Parts joined by `_`, cut at a character boundary so that the suffix, joined by `_` too, still fits.
    package static func join(_ parts: [String], suffix: String) -> String {
        var name = ""
        let limit = maximumLength - suffix.utf8.count - 1
        for character in parts.joined(separator: "_") {
            guard name.utf8.count + character.utf8.count <= limit else { break }
            name.append(character)
        }
        return "\(name)_\(suffix)"
    }

    private static func isKept(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII {
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "-", "_", ".", ",", "+", "=", "@": return true
            default: return false
            }
        }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
            .spacingMark, .enclosingMark, .decimalNumber, .letterNumber, .otherNumber:
            return !scalar.properties.isDefaultIgnorableCodePoint
        default: return false
        }
    }
}
