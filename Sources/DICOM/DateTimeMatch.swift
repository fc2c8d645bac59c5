/// A date and a time that are asked for as one span: from the first time of the first day to the last time of the last (PS3.4
/// section C.2.2.2.5.4, combined date-time matching).
package struct DateTimeMatch: Sendable {
    private let span: TemporalRange

    /// The span of a key of VR DA and one of VR TM; nil when they are not both one date, time or range.
    package init?(date: AttributeMatch, time: AttributeMatch) {
        guard let days = date.spans?.spans, days.count == 1, let times = time.spans?.spans, times.count == 1 else {
            return nil
        }
        // A side that names no day has no bound; one that names no time begins or ends with its day.
        let last = TemporalRange.microsecondsOfDay - 1
        span = TemporalRange(
            lower: days[0].lower.map { $0 + (times[0].lower ?? 0) },
            upper: days[0].upper.map { $0 - last + (times[0].upper ?? last) })
    }

    /// Whether values of the two attributes lie in the span; a day without a time does when some of it does.
    package func matches(dates: [String], times: [String]) -> Bool {
        guard let day = dates.first.flatMap({ TemporalValue.span($0.withoutSpaces, .da) }) else { return false }
        guard let time = times.first.flatMap({ TemporalValue.span($0.withoutSpaces, .tm) }) else {
            return day.lowerBound <= span.upper ?? .max && day.upperBound >= span.lower ?? .min
        }
        return span.contains(day.lowerBound + time.lowerBound)
    }

    /// The attributes that are a date and its time (PS3.6): each date with its time.
    package static let pairs: [Tag: Tag] = [
        Tag(0x0008, 0x0012): Tag(0x0008, 0x0013), .studyDate: .studyTime, .seriesDate: .seriesTime,
        Tag(0x0008, 0x0022): Tag(0x0008, 0x0032), .contentDate: .contentTime,
        .patientBirthDate: Tag(0x0010, 0x0032), Tag(0x0040, 0x0002): Tag(0x0040, 0x0003),
        Tag(0x0040, 0x0004): Tag(0x0040, 0x0005), Tag(0x0040, 0x0244): Tag(0x0040, 0x0245),
        Tag(0x0040, 0x0250): Tag(0x0040, 0x0251),
    ]
}
