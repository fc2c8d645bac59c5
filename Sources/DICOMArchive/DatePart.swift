/// A year, a month or a day: what a directory of `.views/by-date` stands for.
package struct DatePart: Hashable, Sendable {
    /// 1 to 9999.
    package var year: Int
    /// 0 for a whole year.
    package var month = 0
    /// 0 for a whole month.
    package var day = 0

    /// A year, a month or a day.
    package init(year: Int, month: Int = 0, day: Int = 0) { (self.year, self.month, self.day) = (year, month, day) }

    /// The day.
    package init(_ date: StudyDate) { self.init(year: date.year, month: date.month, day: date.day) }

    /// What a node stands for; nil when it is none of these.
    package init?(_ node: NodeID) {
        guard node.kind == .datePart else { return nil }
        self.init(year: Int(node.payload >> 9), month: Int(node.payload >> 5 & 15), day: Int(node.payload & 31))
        if month == 0, day != 0 { return nil }
    }

    /// Its node.
    package var node: NodeID { NodeID(.datePart, UInt64(year) << 9 | UInt64(month) << 5 | UInt64(day)) }

    /// Its name in the directory it is in.
    package var name: String {
        month == 0 ? StudyDate.digits(year, 4) : StudyDate.digits(day == 0 ? month : day, 2)
    }

    /// What it is a part of; nil for a year.
    package var whole: DatePart? {
        month == 0 ? nil : day == 0 ? DatePart(year: year) : DatePart(year: year, month: month)
    }

    /// The part of a whole, or the year, with this number; there need not be a day in it.
    package init(_ number: Int, of whole: DatePart?) {
        switch whole {
        case nil: self.init(year: number)
        case let whole? where whole.month == 0: self.init(year: whole.year, month: number)
        case let whole?: self.init(year: whole.year, month: whole.month, day: number)
        }
    }

    /// The part with a name, which is written so and not otherwise; nil when there cannot be one.
    package static func named(_ name: String, in whole: DatePart?) -> DatePart? {
        guard whole?.day ?? 0 == 0, let number = Int(name), (1...mostParts(of: whole)).contains(number) else {
            return nil
        }
        let part = DatePart(number, of: whole)
        return part.name.utf8.elementsEqual(name.utf8) ? part : nil
    }

    /// No part has a greater number.
    package static func mostParts(of whole: DatePart?) -> Int { whole.map { $0.month == 0 ? 12 : 31 } ?? 9999 }

    /// The number that tells it from the others of its whole.
    package var number: Int { month == 0 ? year : day == 0 ? month : day }

    /// Its first day that there is.
    package var firstDay: StudyDate? { StudyDate(year: year, month: max(month, 1), day: max(day, 1)) }

    /// Whether a day belongs to it.
    package func contains(_ date: StudyDate) -> Bool {
        date.year == year && (month == 0 || date.month == month) && (day == 0 || date.day == day)
    }

    /// The day, when it is one.
    package var date: StudyDate? { StudyDate(year: year, month: month, day: day) }
}
