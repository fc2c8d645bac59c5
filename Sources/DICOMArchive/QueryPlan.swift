import DICOM

/// Where a query begins: the rows that name its candidates, and which keys are compared when.
///
/// In the order of how few resources each leaves: look-ups by SOP Instance, Series and Study Instance UID, Accession Number,
/// Patient ID, what the latter two begin with, Study Date; else the node rows of the highest level that keys restrict.
struct QueryPlan {
    /// A range of rows, `from <= key < upTo`.
    struct KeyRange {
        var from: [UInt8]
        var upTo: [UInt8]
    }

    enum Source {
        /// Look-up rows of resources of a level; no two ranges have a row in common.
        case lookUps(Level, [KeyRange])
        /// All node rows of a level.
        case nodes(Level)
    }

    let level: Level
    let source: Source
    /// Keys of main tags by level, cheap to compare.
    let rows: [Level: KeyGroup]
    let recipe: KeyGroup
    let members: KeyGroup
    let header: KeyGroup

    init(_ query: Query) {
        level = query.level
        var bySource: [AttributeSource: [QueryKey]] = [:]
        for key in query.keys where !key.isUniversal {
            let source = AttributeSource(key.tag, at: query.level)
            if case .members = source {
                // Of whichever level.
                bySource[.members(.patient), default: []].append(key)
            } else {
                bySource[source, default: []].append(key)
            }
        }
        func group(_ source: AttributeSource) -> KeyGroup {
            KeyGroup(bySource[source] ?? [], isDateTimeCombined: query.isDateTimeCombined)
        }
        var rows: [Level: KeyGroup] = [:]
        for level in Level.allCases where level <= query.level {
            let keys = group(.row(level))
            if !keys.isEmpty { rows[level] = keys }
        }
        self.rows = rows
        recipe = group(.recipe)
        members = group(.members(.patient))
        header = group(.header)
        source = Self.lookUps(query) ?? .nodes(rows.keys.min() ?? query.level)
    }

    private static func lookUps(_ query: Query) -> Source? {
        func match(_ tag: Tag, from level: Level) -> AttributeMatch? {
            guard query.level >= level, let key = query.keys.last(where: { $0.tag == tag && !$0.isUniversal }),
                case .value(let match) = key.match
            else { return nil }
            return match
        }
        let uids: [(Tag, LookUp, Level)] = [
            (.sopInstanceUID, .sopInstanceUID, .instance), (.seriesInstanceUID, .seriesInstanceUID, .series),
            (.studyInstanceUID, .studyInstanceUID, .study),
        ]
        for (tag, kind, level) in uids {
            if let texts = match(tag, from: level)?.texts {
                return .lookUps(level, merged(texts.map { uid(kind, $0) }))
            }
        }
        let accession = match(.accessionNumber, from: .study)
        let patient = match(.patientID, from: .patient)
        if let texts = accession?.texts { return .lookUps(.study, merged(values(.accessionNumber, texts))) }
        if let texts = patient?.texts { return .lookUps(.patient, merged(values(.patientID, texts))) }
        if let texts = accession?.prefixes { return .lookUps(.study, merged(prefixes(.accessionNumber, texts))) }
        if let texts = patient?.prefixes { return .lookUps(.patient, merged(prefixes(.patientID, texts))) }
        if let dates = match(.studyDate, from: .study), let (spans, texts) = dates.spans {
            return .lookUps(.study, merged(spans.flatMap { days($0) } + values(.studyDate, texts)))
        }
        return nil
    }

    private static func uid(_ kind: LookUp, _ uid: String) -> KeyRange {
        let key = IndexKey.lookUpPrefix(kind, uid)
        return KeyRange(from: key, upTo: key.successor)
    }

    /// Values as they are, with spaces around them that the row keeps and the comparison does not, or the first of several.
    private static func values(_ kind: LookUp, _ texts: some Sequence<String>) -> [KeyRange] {
        texts.flatMap { text in
            let key = Array(IndexKey.lookUpPrefix(kind, text).dropLast())
            return [
                KeyRange(from: key, upTo: key + [0x21]), KeyRange(from: key + [0x5C], upTo: key + [0x5D]),
            ]
        } + [leadingSpace(kind)]
    }

    private static func prefixes(_ kind: LookUp, _ texts: [String]) -> [KeyRange] {
        texts.map { text in
            let key = Array(IndexKey.lookUpPrefix(kind, text).dropLast())
            return KeyRange(from: key, upTo: key.successor)
        } + [leadingSpace(kind)]
    }

    private static func leadingSpace(_ kind: LookUp) -> KeyRange {
        let key = [3, kind.rawValue, 0x20]
        return KeyRange(from: key, upTo: key.successor)
    }

    /// The rows of days, in both spellings. What else is among them does not match.
    ///
    /// A dot sorts before digits: all days of a year with dots come before those without. So the latter's range has the former of all
    /// years but the first.
    private static func days(_ span: TemporalRange) -> [KeyRange] {
        let kind: [UInt8] = [3, LookUp.studyDate.rawValue]
        func dotted(_ date: String) -> [UInt8] {
            kind + "\(date.prefix(4)).\(date.dropFirst(4).prefix(2)).\(date.dropFirst(6))".utf8
        }
        let (first, last) = span.dates
        let plain = KeyRange(
            from: first.map { kind + $0.utf8 } ?? kind, upTo: last.map { kind + $0.utf8 + [0x21] } ?? kind.successor)
        guard let first else { return [plain] }
        let isOneYear = last?.prefix(4) == first.prefix(4)
        // Behind the dot is the slash.
        let end = isOneYear ? last.map { dotted($0) + [0x21] } : nil
        return [plain, KeyRange(from: dotted(first), upTo: end ?? kind + first.utf8.prefix(4) + [0x2F])]
    }

    private static func merged(_ ranges: [KeyRange]) -> [KeyRange] {
        var merged: [KeyRange] = []
        let sound = ranges.filter { $0.from.lexicographicallyPrecedes($0.upTo) }
        for range in sound.sorted(by: { $0.from.lexicographicallyPrecedes($1.from) }) {
            if let last = merged.last, !last.upTo.lexicographicallyPrecedes(range.from) {
                if last.upTo.lexicographicallyPrecedes(range.upTo) { merged[merged.count - 1].upTo = range.upTo }
            } else {
                merged.append(range)
            }
        }
        return merged
    }
}
