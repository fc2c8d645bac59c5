/// Text of an IS or DS as a JSON number.
enum JSONNumber {
    /// The number; nil when it is none.
    static func integer(_ text: String) -> String? {
        let digits = text.drop { $0 == " " }
        return isPlain(digits) ? Int(digits).map { String($0) } : nil
    }

    /// The number as it is written, if JSON writes it so too, else with the same value; nil when it is none, or not finite.
    static func decimal(_ text: String) -> String? {
        let digits = text.drop { $0 == " " }
        guard isPlain(digits), let number = Double(digits), number.isFinite else { return nil }
        return isJSON(digits) ? String(digits) : number.description
    }

    /// Whether it consists of what DS has (PS3.5 section 6.2): neither hexadecimal nor `nan`.
    private static func isPlain(_ text: Substring) -> Bool {
        text.utf8.allSatisfy { "0123456789+-.eE".utf8.contains($0) }
    }

    /// Whether a number that has been read is written as in RFC 8259 section 6: no plus sign, no zeros before it, digits
    /// before and after a point.
    private static func isJSON(_ text: Substring) -> Bool {
        func isDigit(_ byte: UInt8?) -> Bool {
            byte.map { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") } ?? false
        }
        let digits = text.utf8.drop { $0 == UInt8(ascii: "-") }
        guard isDigit(digits.first) else { return false }
        if digits.first == UInt8(ascii: "0"), isDigit(digits.dropFirst().first) { return false }
        guard let point = digits.firstIndex(of: UInt8(ascii: ".")) else { return true }
        return isDigit(digits[point...].dropFirst().first)
    }
}
