import Foundation

/// File names made of DICOM values that are safe for shells, SMB, Windows and macOS, and never above 255 bytes.
///
/// Kept are letters, marks and digits of any script (general categories L, M, N) and `-_.,+=@`. What is invisible (bidi
/// controls, joiners, variation selectors) is left out; every run of anything else becomes one `_`, a mark without a letter
/// to stand on too. Text is in Normalization Form C. A name begins with a letter or digit, if there is one that fits, and is none
/// that Windows has given to a device.
package enum SafeName {
    /// The longest name Linux takes: NAME_MAX, in bytes.
    package static let maximumLength = 255

    /// One value made safe; nil when no letter or digit is in it.
    package static func part(_ value: String?) -> String? {
        guard let value else { return nil }
        var safe = String.UnicodeScalarView()
        var isReadable = false
        var carriesMarks = false
        for scalar in value.precomposedStringWithCanonicalMapping.unicodeScalars
        where !scalar.properties.isDefaultIgnorableCodePoint {
            let isLetter = isLetterOrDigit(scalar)
            let isCarriedMark = carriesMarks && isMark(scalar)
            if isLetter || isCarriedMark || isSign(scalar) {
                safe.append(scalar)
            } else if safe.last != "_" {
                safe.append("_")
            }
            carriesMarks = isLetter || isCarriedMark
            isReadable = isReadable || isLetter
        }
        guard isReadable else { return nil }
        // `=` ends a person name whose last component groups are empty.
        while let last = safe.last, last == "_" || last == "." || last == "=" { safe.removeLast() }
        // Again, for what stood beside something invisible.
        return String(safe.drop { $0 == "_" || $0 == "." }).precomposedStringWithCanonicalMapping
    }

    /// Parts joined by `_`, cut at a character boundary so that the suffix, joined by `_` too, still fits.
    ///
    /// - Parameter suffix: makes the name unique, also where upper and lower case are one.
    package static func join(_ parts: [String], suffix: String) -> String {
        var name = ""
        let limit = maximumLength - suffix.utf8.count - 1
        // Not an option, an `@file`, or a hidden file.
        let start = parts.joined(separator: "_").unicodeScalars.drop { !isLetterOrDigit($0) }
        for character in String(start) {
            guard name.utf8.count + character.utf8.count <= limit else { break }
            name.append(character)
        }
        if let dot = name.firstIndex(of: "."), isDevice(name[..<dot]) { name.replaceSubrange(dot...dot, with: "_") }
        return "\(name)_\(suffix)"
    }

    /// Whether Windows takes a name that begins so, with a dot behind it, for a device whatever follows.
    private static func isDevice(_ name: Substring) -> Bool {
        let name = name.uppercased()
        if ["CON", "PRN", "AUX", "NUL"].contains(name) { return true }
        guard name.hasPrefix("COM") || name.hasPrefix("LPT"), name.count == 4, let last = name.last else {
            return false
        }
        return "0123456789\u{B9}\u{B2}\u{B3}".contains(last)
    }

    private static func isSign(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "-", "_", ".", ",", "+", "=", "@": true
        default: false
        }
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: true
        default: false
        }
    }

    private static func isLetterOrDigit(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
            .letterNumber, .otherNumber:
            true
        default: false
        }
    }
}
