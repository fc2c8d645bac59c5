/// Reads values of VR DA, TM and DT (PS3.5 section 6.2), in the spellings of before DICOM too.
enum TemporalValue {
    /// The instants that a value can mean, in microseconds as ``TemporalRange`` counts them; nil when it is none.
    static func span(_ text: String, _ vr: VR) -> ClosedRange<Int>? {
        var reader = Reader(Array(text.utf8))
        switch vr {
        case .da: return reader.date()
        case .tm: return reader.time()
        case .dt: return reader.dateTime()
        default: return nil
        }
    }

    /// Days from the first of March of the year 0 of the Gregorian calendar; a day that a month lacks is one of the next.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let (year, month) = month > 2 ? (year, month - 3) : (year - 1, month + 9)
        // No year is before 0: January of that is of the year before.
        let era = (year + 400) / 400
        let ofEra = (year + 400) % 400
        return (era - 1) * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + (153 * month + 2) / 5 + day - 1
    }

    /// The day of an instant as `YYYYMMDD`; the first that can be written so of what is before it.
    static func date(at instant: Int) -> String {
        let day = max(instant, 0) / TemporalRange.microsecondsOfDay
        let (era, ofEra) = day.quotientAndRemainder(dividingBy: 146_097)
        let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * ofYear + 2) / 153
        let date = ofYear - (153 * month + 2) / 5 + 1
        let year = era * 400 + yearOfEra + (month < 10 ? 0 : 1)
        guard instant > 0, year <= 9999 else { return instant > 0 ? "99991231" : "00000000" }
        let number = String(year * 10_000 + (month < 10 ? month + 3 : month - 9) * 100 + date)
        return String(repeating: "0", count: 8 - number.count) + number
    }

    private static func midnight(_ year: Int, _ month: Int, _ day: Int) -> Int {
        days(year, month, day) * TemporalRange.microsecondsOfDay
    }

    private struct Reader {
        private let text: [UInt8]
        private var place = 0

        init(_ text: [UInt8]) { self.text = text }

        private var isAtEnd: Bool { place == text.count }

        private mutating func skip(_ character: Unicode.Scalar) -> Bool {
            guard place < text.count, text[place] == UInt8(ascii: character) else { return false }
            place += 1
            return true
        }

        private mutating func number(_ digits: Int, _ range: ClosedRange<Int>) -> Int? {
            guard text.count - place >= digits else { return nil }
            var number = 0
            for byte in text[place..<place + digits] {
                guard byte >= 0x30, byte <= 0x39 else { return nil }
                number = number * 10 + Int(byte - 0x30)
            }
            guard range.contains(number) else { return nil }
            place += digits
            return number
        }

        /// `YYYYMMDD` or `YYYY.MM.DD`.
        mutating func date() -> ClosedRange<Int>? {
            guard let year = number(4, 0...9999) else { return nil }
            let isDotted = skip(".")
            guard let month = number(2, 1...12), !isDotted || skip("."), let day = number(2, 1...31), isAtEnd else {
                return nil
            }
            let start = midnight(year, month, day)
            return start...start + TemporalRange.microsecondsOfDay - 1
        }

        /// `HH`, `HHMM`, `HHMMSS`, `HHMMSS.F` to `HHMMSS.FFFFFF`, or with colons.
        mutating func time() -> ClosedRange<Int>? {
            guard let span = timeOfDay(takesColons: true), isAtEnd else { return nil }
            return span
        }

        private mutating func timeOfDay(takesColons: Bool) -> ClosedRange<Int>? {
            guard let hour = number(2, 0...23) else { return nil }
            var start = hour * 3600
            let hasColons = takesColons && skip(":")
            guard let minute = number(2, 0...59) else {
                return hasColons ? nil : span(start, 3600)
            }
            start += minute * 60
            if hasColons, !skip(":") { return span(start, 60) }
            guard let second = number(2, 0...60) else { return hasColons ? nil : span(start, 60) }
            start += second
            guard skip(".") else { return span(start, 1) }
            var fraction = 0
            var unit = 1_000_000
            while unit > 1, let digit = number(1, 0...9) {
                unit /= 10
                fraction += digit * unit
            }
            guard unit < 1_000_000 else { return nil }
            let first = start * 1_000_000 + fraction
            return first...first + unit - 1
        }

        private func span(_ start: Int, _ seconds: Int) -> ClosedRange<Int> {
            start * 1_000_000...(start + seconds) * 1_000_000 - 1
        }

        /// `YYYYMMDDHHMMSS.FFFFFF&ZZXX`, from behind the year on as much as is said; the offset from UTC may be behind any.
        mutating func dateTime() -> ClosedRange<Int>? {
            guard let year = number(4, 0...9999) else { return nil }
            var start = midnight(year, 1, 1)
            var end = midnight(year + 1, 1, 1) - 1
            if let month = number(2, 1...12) {
                start = midnight(year, month, 1)
                end = (month == 12 ? midnight(year + 1, 1, 1) : midnight(year, month + 1, 1)) - 1
                if let day = number(2, 1...31) {
                    start = midnight(year, month, day)
                    end = start + TemporalRange.microsecondsOfDay - 1
                    if let time = timeOfDay(takesColons: false) {
                        end = start + time.upperBound
                        start += time.lowerBound
                    }
                }
            }
            guard let offset = offset(), isAtEnd else { return nil }
            return start - offset...end - offset
        }

        /// Microseconds from UTC, -1200 to +1400; 0 when nothing is said.
        private mutating func offset() -> Int? {
            if isAtEnd { return 0 }
            let isWest = skip("-")
            guard isWest || skip("+"), let hours = number(2, 0...14), let minutes = number(2, 0...59) else {
                return nil
            }
            let offset = (hours * 60 + minutes) * 60_000_000
            guard offset <= (isWest ? 12 : 14) * 3_600_000_000 else { return nil }
            return isWest ? -offset : offset
        }
    }
}
