import DICOM

/// The keys that are compared with one set of attributes: those of a resource, or of an item.
struct KeyGroup: Sendable {
    private var keys: [(tag: Tag, match: AttributeMatch)] = []
    private var sequences: [(tag: Tag, item: KeyGroup)] = []
    private var dateTimes: [(date: Tag, time: Tag, match: DateTimeMatch)] = []

    /// The keys that not everything matches; a date and its time as one if that is wanted.
    init(_ keys: [QueryKey], isDateTimeCombined: Bool) {
        var values: [Tag: AttributeMatch] = [:]
        for key in keys where !key.isUniversal {
            switch key.match {
            case .value(let match): values[key.tag] = match
            case .item(let item):
                sequences.append((key.tag, KeyGroup(item, isDateTimeCombined: isDateTimeCombined)))
            }
        }
        if isDateTimeCombined {
            for (date, time) in DateTimeMatch.pairs {
                guard let first = values[date], let second = values[time],
                    let match = DateTimeMatch(date: first, time: second)
                else { continue }
                dateTimes.append((date, time, match))
                values[date] = nil
                values[time] = nil
            }
        }
        self.keys = values.sorted { $0.key < $1.key }.map { (tag: $0.key, match: $0.value) }
    }

    var isEmpty: Bool { keys.isEmpty && sequences.isEmpty && dateTimes.isEmpty }

    /// Whether all keys match.
    ///
    /// - Parameters:
    ///   - texts: the values of an attribute, read with the rules of a VR if it names none.
    ///   - items: the items of a sequence.
    func matches(
        _ texts: (Tag, VR) throws -> [String], items: (Tag) throws -> [DataSetHeader]
    ) rethrows -> Bool {
        for (tag, match) in keys where try !match.matches(texts(tag, match.vr)) { return false }
        for (date, time, match) in dateTimes
        where try !match.matches(dates: texts(date, .da), times: texts(time, .tm)) {
            return false
        }
        for (tag, item) in sequences where try !items(tag).contains(where: { item.matches($0) }) { return false }
        return true
    }

    /// Whether all keys match the attributes of a data set or item.
    func matches(_ header: DataSetHeader) -> Bool {
        matches({ header.valueTexts($0, as: $1) }, items: { Array(header.items($0)) })
    }

    /// Whether all keys match the main tags of a resource.
    func matches(_ row: NodeRow) -> Bool {
        matches({ tag, _ in row.values(tag) }, items: { _ in [] })
    }
}

extension NodeRow {
    /// The values of a main tag; none when it has none.
    func values(_ tag: Tag) -> [String] {
        guard let value = attributes.first(where: { $0.tag == tag })?.value else { return [] }
        guard value.utf8.contains(0x5C) else { return [value] }
        return value.split(separator: "\\", omittingEmptySubsequences: false).map { String($0) }
    }
}
