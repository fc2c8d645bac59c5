/// The character repertoire of a data set's text (PS3.3 section C.12.1.1.2), with or without code extensions.
///
/// Bytes that are invalid in the declared set are dropped, and all but ASCII when the set is unknown; nothing is
/// normalised. Values without a declared set are read in the archive's default set.
package struct SpecificCharacterSet: Hashable, Sendable {
    /// The values of Specific Character Set (0008,0005), as they were given.
    package let terms: [String]
    /// The set in effect at the start of a value.
    let initial: CodedSet
    /// Whether escape sequences switch between sets (ISO 2022).
    let hasExtensions: Bool

    /// ISO 8859-1: what Orthanc reads values without a declared set in.
    package static let latin1 = SpecificCharacterSet(["ISO_IR 100"])
    package static let utf8 = SpecificCharacterSet(["ISO_IR 192"])

    /// The repertoire named by the values of Specific Character Set (0008,0005).
    package init(_ terms: [String]) {
        self.terms = terms
        let first = CodedSet.normalized(terms.first ?? "")
        initial = CodedSet.named(first)
        hasExtensions = terms.count > 1 || first.hasPrefix("ISO2022")
    }

    /// The text of a value's bytes. In a person name escape sequences end at `^` and `=` too.
    package func decode(_ bytes: some Collection<UInt8>, isPersonName: Bool = false) -> String {
        var hasEscapes = false
        var isASCII = true
        for byte in bytes {
            if byte >= 0x80 { isASCII = false } else if byte == 0x1B { hasEscapes = true }
        }
        if hasExtensions && (hasEscapes || !isASCII) {
            return decodeExtended(Array(bytes), isPersonName: isPersonName)
        }
        if isASCII, !initial.replacesASCII { return String(decoding: bytes, as: UTF8.self) }
        return initial.decode(Array(bytes)[...])
    }

    /// The texts of the values between backslashes. A byte that is half of a character is no backslash.
    package func decodeValues(_ bytes: some Collection<UInt8>, isPersonName: Bool = false) -> [String] {
        var values: [String] = []
        forEachValue(bytes, isPersonName: isPersonName) {
            values.append($0)
            return true
        }
        return values
    }

    /// Calls `body` with the text of each value between backslashes, in order, until it returns false.
    func forEachValue(_ bytes: some Collection<UInt8>, isPersonName: Bool, _ body: (String) -> Bool) {
        if hasExtensions || initial.canHoldBackslash {
            Self.split(decode(bytes, isPersonName: isPersonName).utf8) { body(String($0) ?? "") }
        } else {
            Self.split(bytes) { body(decode($0, isPersonName: isPersonName)) }
        }
    }

    private static func split<Bytes: Collection<UInt8>>(_ bytes: Bytes, _ body: (Bytes.SubSequence) -> Bool) {
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(of: 0x5C) {
            guard body(bytes[start..<end]) else { return }
            start = bytes.index(after: end)
        }
        _ = body(bytes[start...])
    }

    /// Decodes runs of one set; a control character, `\`, and in names `^` and `=`, restore the initial sets.
    private func decodeExtended(_ bytes: [UInt8], isPersonName: Bool) -> String {
        var text = ""
        var upper = initial
        var lower: CodedSet = .ascii
        var run = bytes.startIndex
        var index = bytes.startIndex
        var runSet: CodedSet = .ascii

        func endRun(at end: Int) {
            if end > run { text += runSet.decode(bytes[run..<end]) }
            run = end
        }
        while index < bytes.count {
            let byte = bytes[index]
            if byte == 0x1B {
                endRun(at: index)
                let (set, length) = CodedSet.escape(bytes[(index + 1)...])
                if let set {
                    if set.isUpper { upper = set } else { lower = set }
                }
                index += 1 + length
                run = index
                continue
            }
            let width: Int
            let set: CodedSet
            if byte >= 0x80 {
                set = upper
                width = upper.width
            } else if byte > 0x20, byte < 0x7F, lower.width == 2 {
                set = lower
                width = 2
            } else {
                set = .ascii
                width = 1
                let isDelimiter = byte == 0x5C || (isPersonName && (byte == 0x5E || byte == 0x3D))
                if isDelimiter || (byte >= 0x09 && byte <= 0x0D) {
                    upper = initial
                    lower = .ascii
                }
            }
            if set != runSet {
                endRun(at: index)
                runSet = set
            }
            index = min(index + width, bytes.count)
        }
        endRun(at: bytes.count)
        return text
    }
}
