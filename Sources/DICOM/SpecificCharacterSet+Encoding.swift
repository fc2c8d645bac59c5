extension SpecificCharacterSet {
    /// The bytes of a text, values joined by `\`; nil when the set cannot hold it, or when it would not read as the same text.
    ///
    /// With code extensions, sets change by escape sequences. ASCII is back in G0 before a control character, `\`, in person names
    /// `^` and `=`, and the end of the value; G1 is as Value 1 says behind each of them (PS3.5 section 6.1.2.5.3).
    package func encode(_ text: String, isPersonName: Bool = false) -> [UInt8]? {
        let utf8 = Array(text.utf8)
        let isASCII = utf8.allSatisfy { $0 < 0x80 }
        if hasExtensions {
            if utf8.contains(0x1B) { return nil }
            return isASCII ? utf8 : encodeExtended(text, isPersonName: isPersonName)
        }
        if initial.replacesASCII {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(utf8.count)
            for scalar in text.unicodeScalars {
                guard let byte = CodedSet.katakanaByte(scalar) else { return nil }
                bytes.append(byte)
            }
            return bytes
        }
        if isASCII || initial == Self.utf8.initial { return utf8 }
        return initial == .ascii ? nil : initial.encoder?.encode(utf8)
    }

    private func encodeExtended(_ text: String, isPersonName: Bool) -> [UInt8]? {
        var writer = ExtendedWriter(self)
        for scalar in text.unicodeScalars {
            let isDelimiter = scalar == "\\" || (isPersonName && (scalar == "^" || scalar == "="))
            if scalar.isASCII {
                let isControl = (0x09...0x0D).contains(scalar.value)
                writer.ascii(UInt8(scalar.value), restores: isDelimiter || isControl)
            } else if !writer.write(scalar) {
                return nil
            }
        }
        writer.restoreASCII()
        return writer.bytes
    }
}

/// A value on its way into a character set with code extensions.
private struct ExtendedWriter {
    private struct Designation {
        var set: CodedSet
        var escape: [UInt8]
        var encoder: CodedText.Encoder?
    }

    var bytes: [UInt8] = []
    private let sets: [Designation]
    private let initial: CodedSet
    private var upper: CodedSet
    private var lower = CodedSet.ascii
    /// What brings the G0 set of Value 1 back: JIS X 0201 has one of its own.
    private let asciiEscape: [UInt8]

    init(_ set: SpecificCharacterSet) {
        initial = set.initial
        upper = set.initial
        sets = set.terms.compactMap { term in
            guard let (set, escape) = CodedSet.designated(by: CodedSet.normalized(term)) else { return nil }
            return Designation(set: set, escape: escape, encoder: set.encoder)
        }
        asciiEscape = set.initial.replacesASCII ? [0x1B, 0x28, 0x4A] : [0x1B, 0x28, 0x42]
    }

    mutating func restoreASCII() {
        guard lower != .ascii else { return }
        bytes += asciiEscape
        lower = .ascii
    }

    mutating func ascii(_ byte: UInt8, restores: Bool) {
        restoreASCII()
        bytes.append(byte)
        if restores { upper = initial }
    }

    /// Whether a set has the character.
    mutating func write(_ scalar: Unicode.Scalar) -> Bool {
        // The one in effect first.
        for place in sets.indices where sets[place].set == lower || sets[place].set == upper {
            if let coded = code(scalar, sets[place]) {
                // Not every reader expects G1 beside a G0 of two bytes.
                if sets[place].set.isUpper { restoreASCII() }
                bytes += coded
                return true
            }
        }
        for designation in sets {
            guard let coded = code(scalar, designation) else { continue }
            if designation.set.isUpper {
                restoreASCII()
                upper = designation.set
            } else {
                lower = designation.set
            }
            bytes += [0x1B] + designation.escape + coded
            return true
        }
        return false
    }

    private func code(_ scalar: Unicode.Scalar, _ designation: Designation) -> [UInt8]? {
        if designation.set.replacesASCII { return CodedSet.katakanaByte(scalar).flatMap { $0 >= 0x80 ? [$0] : nil } }
        return designation.encoder?.encode(Array(String(scalar).utf8)).flatMap { designation.set.form($0) }
    }
}
