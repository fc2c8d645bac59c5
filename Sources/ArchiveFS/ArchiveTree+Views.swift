import DICOMArchive
import FUSE

extension ArchiveTree {
    static let viewsName = ".views"
    private static let unknownName = "unknown"

    /// The views, in the order of listings. Part of directory cookies: the order stays.
    private static let views: [(name: String, node: NodeID)] = [
        ("by-study", .byStudy), ("by-date", .byDate), ("by-uid", .byUID), ("by-id", .byID),
    ]

    /// Whether there is a directory of views that is no study's, series' or instance's.
    func exists(_ node: NodeID) throws -> Bool {
        if let part = DatePart(node) {
            guard let first = part.firstDay, let date = try archive.firstStudyDate(from: first) else { return false }
            return part.contains(date)
        }
        if let part = IDPart(node) {
            return try archive.firstInstance(from: part.firstInstance).map(part.contains) ?? false
        }
        return node == .unknownDate || node == .views || Self.views.contains { $0.node == node }
    }

    /// The directory with a name in one of these; it need not exist.
    func childOfView(named name: String, in parent: NodeID) throws -> NodeID? {
        switch parent {
        case .views: return Self.views.first { $0.name == name }?.node
        case .byStudy: return try archive.study(named: name)?.seen(in: .study)
        case .byUID: return try archive.study(uid: name)?.seen(in: .uid)
        case .byDate where name == Self.unknownName: return .unknownDate
        case .byDate: return DatePart.named(name, in: nil)?.node
        case .unknownDate: return try study(named: name, on: nil)
        case .byID: return IDPart.named(name, in: nil)?.node
        default: break
        }
        if let part = IDPart(parent) { return IDPart.named(name, in: part)?.node }
        guard let part = DatePart(parent) else { return nil }
        return try part.day > 0
            ? part.date.flatMap { try study(named: name, on: $0) } : DatePart.named(name, in: part)?.node
    }

    private func study(named name: String, on date: StudyDate?) throws -> NodeID? {
        guard let study = try archive.study(named: name), let names = try archive.viewNames(study), names.date == date
        else { return nil }
        return study.seen(in: .date)
    }

    /// The directories that change when a study comes to a day or leaves it.
    static func directories(of date: StudyDate?) -> [NodeID] {
        guard let date else { return [.unknownDate] }
        let day = DatePart(date)
        return [day, day.whole, day.whole?.whole].compactMap { $0?.node } + [.byDate]
    }

    /// Lists a directory of views that is no study's, series' or instance's.
    func listView(_ directory: NodeID, after cookie: UInt64, _ page: inout DirectoryReply) throws {
        switch directory {
        case .views:
            for (place, view) in Self.views.enumerated() where Cookie.of(payload: UInt64(place), 0) > cookie {
                guard try add(view.node, view.name, place, &page) else { return }
            }
        case .byStudy, .byUID, .unknownDate: try listStudies(directory, after: cookie, &page)
        case .byDate: try listDates(nil, after: cookie, &page)
        case .byID: try listIDs(nil, after: cookie, &page)
        default:
            if let part = DatePart(directory) {
                if let date = part.date {
                    try listDay(date, after: cookie, &page)
                } else {
                    try listDates(part, after: cookie, &page)
                }
            } else if let part = IDPart(directory) {
                if part.second == nil {
                    try listIDs(part, after: cookie, &page)
                } else {
                    try listInstances(part, in: directory, after: cookie, &page)
                }
            }
        }
    }

    private func add(_ node: NodeID, _ name: String, _ number: Int, _ page: inout DirectoryReply) throws -> Bool {
        // Gone meanwhile: left out.
        guard let attributes = try attributes(of: node) else { return true }
        return page.add(name, attributes, cookie: Cookie.of(payload: UInt64(number), 0))
    }

    private func listStudies(_ directory: NodeID, after cookie: UInt64, _ page: inout DirectoryReply) throws {
        // Of all studies, also where only those without a date are listed: their number is not told sooner.
        let isKnown = try !Self.isLarge { next in try archive.studies(from: NodeID(.study, 0)) { try next($0.node) } }
        let changes = held.changes
        let first = NodeID(rawValue: NodeID(.study, 0).rawValue + Cookie.firstPayload(after: cookie))
        try archive.studies(from: first, isUndated: directory == .unknownDate) { study in
            try add(study, in: directory.view, since: changes, isKnown: isKnown, &page)
        }
    }

    /// Lists the studies of a day: those whose date is written in one way, then the others.
    private func listDay(_ date: StudyDate, after cookie: UInt64, _ page: inout DirectoryReply) throws {
        let isKnown = try !StudyDate.Spelling.allCases.contains { spelling in
            try Self.isLarge { next in
                try archive.studies(on: date, spelling, from: NodeID(.study, 0)) { try next($0.node) }
            }
        }
        let changes = held.changes
        for spelling in StudyDate.Spelling.allCases {
            var first = NodeID(.study, 0)
            if cookie > Cookie.dotDot {
                let reached = Int(cookie & 3)
                if spelling.rawValue < reached { continue }
                if spelling.rawValue == reached {
                    first = NodeID(rawValue: first.rawValue + Cookie.firstPayload(after: cookie))
                }
            }
            var goOn = true
            try archive.studies(on: date, spelling, from: first) { study in
                goOn = try add(study, in: .date, place: spelling.rawValue, since: changes, isKnown: isKnown, &page)
                return goOn
            }
            if !goOn { return }
        }
    }

    /// - Parameter changes: how many there were before the rows were read.
    private func add(
        _ study: Archive.Seen, in view: View, place: Int = 0, since changes: Int, isKnown: Bool,
        _ page: inout DirectoryReply
    ) throws -> Bool {
        let node = study.node.seen(in: view)
        var attributes = Attributes(node: node.rawValue, isDirectory: true, modified: study.entry.modified)
        if isKnown {
            held.hold(node)
            if held.changes != changes { attributes = try self.attributes(of: node) ?? attributes }
        }
        let name = view == .uid ? study.names.uid : study.entry.name
        return page.add(name, attributes, cookie: Cookie.of(node, place), isKnown: isKnown)
    }

    /// Lists years, or the months or days of a part.
    private func listDates(_ whole: DatePart?, after cookie: UInt64, _ page: inout DirectoryReply) throws {
        if whole == nil, cookie < Cookie.of(payload: 0, 0) {
            guard try add(.unknownDate, Self.unknownName, 0, &page) else { return }
        }
        var number = max(1, Int(clamping: Cookie.firstPayload(after: cookie)))
        while number <= DatePart.mostParts(of: whole), let first = DatePart(number, of: whole).firstDay,
            let date = try archive.firstStudyDate(from: first), whole?.contains(date) ?? true
        {
            let part = DatePart(whole == nil ? date.year : whole?.month == 0 ? date.month : date.day, of: whole)
            guard try add(part.node, part.name, part.number, &page) else { return }
            number = part.number + 1
        }
    }

    /// Lists the bytes that identifiers begin with, or that follow a first one.
    private func listIDs(_ whole: IDPart?, after cookie: UInt64, _ page: inout DirectoryReply) throws {
        func part(_ number: Int) -> IDPart {
            let byte = UInt8(truncatingIfNeeded: number)
            return whole.map { IDPart($0.first, byte) } ?? IDPart(byte)
        }
        var number = Int(clamping: Cookie.firstPayload(after: cookie))
        while number <= 0xFF, let node = try archive.firstInstance(from: part(number).firstInstance),
            whole?.contains(node) ?? true
        {
            let (outer, inner) = IDPart.of(node)
            number = Int(whole == nil ? outer.first : inner.second ?? 0)
            guard try add(part(number).node, part(number).name, number, &page) else { return }
            number += 1
        }
    }

    private func listInstances(
        _ part: IDPart, in directory: NodeID, after cookie: UInt64, _ page: inout DirectoryReply
    ) throws {
        // An instance whose last entry has not been listed is looked at again.
        let first = NodeID(
            rawValue: max(part.firstInstance, NodeID(.dicom, Cookie.firstPayload(notBefore: cookie))).rawValue)
        try archive.instances(from: first) { node, entry, id in
            guard part.contains(node) else { return false }
            return try add(node, entry, id, in: directory, after: cookie, isKnown: true, &page)
        }
    }
}
