/// A time span between two instants, both included, as a key of VR DA, TM or DT names it (PS3.4 sections C.2.2.2.1 and C.2.2.2.5).
///
/// Instants are microseconds: of a DA or DT since the year 0, of a TM since midnight. A key that says less than that, a time without
/// seconds, spans all it can mean. A value is the first instant that it can mean.
package struct TemporalRange: Hashable, Sendable {
    /// The first instant; nil when there is none.
    package let lower: Int?
    /// The last instant; nil when there is none.
    package let upper: Int?

    static let microsecondsOfDay = 86_400_000_000

    /// The span between two instants.
    package init(lower: Int?, upper: Int?) {
        self.lower = lower
        self.upper = upper
    }

    /// The span that a key names; nil when it is no date, time or range of them.
    package init?(_ key: String, _ vr: VR) {
        guard key.utf8.count <= 64 else { return nil }
        if let span = TemporalValue.span(key, vr) {
            self.init(lower: span.lowerBound, upper: span.upperBound)
            return
        }
        // A hyphen may be that of an offset from UTC.
        let text = Array(key.utf8)
        for place in text.indices where text[place] == UInt8(ascii: "-") {
            let first = String(decoding: text[..<place], as: UTF8.self).withoutSpaces
            let last = String(decoding: text[(place + 1)...], as: UTF8.self).withoutSpaces
            let from = TemporalValue.span(first, vr)
            let to = TemporalValue.span(last, vr)
            guard from != nil || first.isEmpty, to != nil || last.isEmpty, from != nil || to != nil else { continue }
            self.init(lower: from?.lowerBound, upper: to?.upperBound)
            return
        }
        return nil
    }

    /// Of dates: the least and the greatest `YYYYMMDD` that a value in it can be written as; nil where it has no end. A day that its
    /// month lacks is one of the next month, and written as one of this.
    package var dates: (first: String?, last: String?) {
        (
            lower.map { instant in
                // December has all its days.
                let year = TemporalValue.date(at: instant).prefix(4)
                return max(TemporalValue.date(at: instant - 3 * Self.microsecondsOfDay), "\(year)0101")
            },
            upper.map { TemporalValue.date(at: $0) }
        )
    }

    /// Whether an instant is in it.
    package func contains(_ instant: Int) -> Bool {
        instant >= lower ?? .min && instant <= upper ?? .max
    }

    /// Whether a value's text is in it; what is no date or time of that VR is not.
    package func contains(_ value: String, _ vr: VR) -> Bool {
        TemporalValue.span(value, vr).map { contains($0.lowerBound) } ?? false
    }
}

extension String {
    /// Without the spaces at both ends.
    var withoutSpaces: String {
        func isBlank(_ byte: UInt8?) -> Bool { byte == 0x20 || byte == 0 }
        return isBlank(utf8.first) || isBlank(utf8.last) ? DataSetHeader.trimmed(self[...]) : self
    }
}
