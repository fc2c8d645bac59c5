/// A day of the Gregorian calendar, as a Study Date names it: `YYYYMMDD`, or `YYYY.MM.DD` as before DICOM (PS3.5
/// section 6.2).
package struct StudyDate: Hashable, Comparable, Sendable {
    /// 1 to 9999.
    package let year: Int
    /// 1 to 12.
    package let month: Int
    /// 1 to 31.
    package let day: Int

    /// A day there is; nil for others.
    package init?(year: Int, month: Int, day: Int) {
        guard (1...9999).contains(year), (1...12).contains(month), day >= 1, day <= Self.days(year, month) else {
            return nil
        }
        (self.year, self.month, self.day) = (year, month, day)
    }

    /// The day that a Study Date is, in either spelling.
    package init?(_ text: String) {
        for spelling in Spelling.allCases {
            if let date = StudyDate(text, spelling) {
                self = date
                return
            }
        }
        return nil
    }

    init?(_ text: String, _ spelling: Spelling) {
        var digits: [Int] = []
        for (place, byte) in text.utf8.enumerated() {
            guard place < 10 else { return nil }
            if spelling == .dotted, place == 4 || place == 7 {
                guard byte == UInt8(ascii: ".") else { return nil }
            } else {
                guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
                digits.append(Int(byte) - 0x30)
            }
        }
        guard digits.count == 8, text.utf8.count == (spelling == .dotted ? 10 : 8) else { return nil }
        func number(_ range: Range<Int>) -> Int { digits[range].reduce(0) { $0 * 10 + $1 } }
        self.init(year: number(0..<4), month: number(4..<6), day: number(6..<8))
    }

    /// How Study Dates are written. The raw value is the place in cookies: it stays.
    package enum Spelling: Int, CaseIterable, Sendable {
        case plain = 0
        case dotted = 1
    }

    /// The Study Date.
    package func text(_ spelling: Spelling) -> String {
        let dot = spelling == .dotted ? "." : ""
        return Self.digits(year, 4) + dot + Self.digits(month, 2) + dot + Self.digits(day, 2)
    }

    /// The first day that is written later than a text; nil when none is. Found by halving: the order of days is that of
    /// their texts.
    init?(writtenAfter text: String, _ spelling: Spelling) {
        var (low, high) = (0, 9999 * 12 * 31)
        func date(_ place: Int) -> String {
            Self.digits(place / 372 + 1, 4) + (spelling == .dotted ? "." : "") + Self.digits(place / 31 % 12 + 1, 2)
                + (spelling == .dotted ? "." : "") + Self.digits(place % 31 + 1, 2)
        }
        while low < high {
            let middle = (low + high) / 2
            if text.utf8.lexicographicallyPrecedes(date(middle).utf8) { high = middle } else { low = middle + 1 }
        }
        // At most three steps over days that their month does not have.
        while low < 9999 * 12 * 31 {
            if let found = StudyDate(year: low / 372 + 1, month: low / 31 % 12 + 1, day: low % 31 + 1) {
                self = found
                return
            }
            low += 1
        }
        return nil
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.year, left.month, left.day) < (right.year, right.month, right.day)
    }

    /// A number with leading zeros.
    package static func digits(_ number: Int, _ count: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }

    private static func days(_ year: Int, _ month: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
