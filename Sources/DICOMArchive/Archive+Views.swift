import ContentStore
import DICOM

/// What the views are made of: the rows of the tree in other orders, none of their own.
extension Archive {
    /// What a view lists of a resource: the entry it has in the tree, and its names in views.
    package typealias Seen = (node: NodeID, entry: EntryRow, names: ViewNames)

    /// What the views call a node's resource; nil when there is no such node. Of an instance, any version's.
    package func viewNames(_ node: NodeID) throws(ArchiveError) -> ViewNames? {
        do {
            guard let row = try nodeRow(node) else { return nil }
            guard row.level == .instance else { return ViewNames(row) }
            guard let recipe = try recipe(row.reference) else { return nil }
            return ViewNames(row, sopInstanceUID: recipe.identity.sopInstanceUID)
        } catch {
            throw ArchiveError(error)
        }
    }

    /// Calls `body` with the studies of all patients in node order, from a node on, until it returns false.
    ///
    /// - Parameter isUndated: only those whose Study Date is no day.
    package func studies(
        from first: NodeID, isUndated: Bool = false, _ body: (Seen) throws -> Bool
    ) throws(ArchiveError) {
        let end = IndexKey.node(NodeID(.series, 0))
        try studies(from: IndexKey.node(first), upTo: end, isUndated: isUndated, body)
    }

    /// The study whose entry in its patient has a name.
    package func study(named name: String) throws(ArchiveError) -> NodeID? {
        guard let prefix = Self.prefix(inName: name) else { return nil }
        var found: NodeID?
        let range = IndexKey.range(like: NodeID(.study, prefix << NodeID.freeBits), IndexKey.node)
        try studies(from: range.from, upTo: range.upTo) { study in
            if study.entry.name.utf8.elementsEqual(name.utf8) { found = study.node }
            return found == nil
        }
        return found
    }

    /// Calls `body` with the studies of a day whose Study Date is written in one way, in node order, from a node on, until
    /// it returns false.
    package func studies(
        on date: StudyDate, _ spelling: StudyDate.Spelling, from first: NodeID, _ body: (Seen) throws -> Bool
    ) throws(ArchiveError) {
        let prefix = IndexKey.lookUpPrefix(.studyDate, date.text(spelling))
        do {
            try store.engine.scan(.index, from: prefix + first.key, upTo: prefix.successor) { key, _ in
                let node = try IndexKey.lastNode(key)
                guard let row = try nodeRow(node), let study = try seen(node, row) else { return true }
                return try body(study)
            }
        } catch {
            throw ArchiveError(error)
        }
    }

    /// The first day from one on that a study has.
    ///
    /// A seek for each way of writing it, and one for each value in between that is no date: what lies between that and
    /// the next day there could be is stepped over.
    package func firstStudyDate(from first: StudyDate) throws(ArchiveError) -> StudyDate? {
        var found: StudyDate?
        do {
            for spelling in StudyDate.Spelling.allCases {
                var next: StudyDate? = first
                while let date = next {
                    next = nil
                    let kind = IndexKey.lookUpPrefix(.studyDate, "").dropLast()
                    let from = kind + date.text(spelling).utf8
                    try store.engine.scan(.index, from: Array(from), upTo: Array(kind).successor) { key, _ in
                        let value = key.extracting(kind.count..<max(kind.count, key.byteCount - 9))
                        let text = value.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
                        if let date = StudyDate(text, spelling) {
                            found = found.map { min($0, date) } ?? date
                        } else {
                            next = StudyDate(writtenAfter: text, spelling)
                        }
                        return false
                    }
                }
            }
        } catch {
            throw ArchiveError(error)
        }
        return found
    }

    /// The first instance from a node on, in node order; any version.
    package func firstInstance(from first: NodeID) throws(ArchiveError) -> NodeID? {
        var found: NodeID?
        do {
            let end = IndexKey.node(NodeID(.png, 0))
            try store.engine.scan(.index, from: IndexKey.node(first), upTo: end) { key, _ in
                found = try IndexKey.lastNode(key)
                return false
            }
        } catch {
            throw ArchiveError(error)
        }
        return found
    }

    /// Calls `body` with the instances from a node on, in node order, once each, until it returns false; the text is the 40
    /// digits of the identifier.
    package func instances(
        from first: NodeID, _ body: (NodeID, EntryRow, String) throws -> Bool
    ) throws(ArchiveError) {
        do {
            let end = IndexKey.node(NodeID(.png, 0))
            try store.engine.scan(.index, from: IndexKey.node(first), upTo: end) { key, value in
                let node = try IndexKey.lastNode(key)
                let row = try NodeRow(value)
                guard row.version == 1, let entry = try entry(of: node, in: row.parent) else { return true }
                return try body(node, entry, row.id.hex40)
            }
        } catch {
            throw ArchiveError(error)
        }
    }

    /// The instance whose identifier is written so: as 40 digits in lower case.
    package func instance(id digits: String) throws(ArchiveError) -> NodeID? {
        guard let id = OrthancIdentifier(digits), id.hex40.utf8.elementsEqual(digits.utf8) else { return nil }
        return try node(of: id, .instance)
    }

    private func studies(
        from first: [UInt8], upTo end: [UInt8], isUndated: Bool = false, _ body: (Seen) throws -> Bool
    ) throws(ArchiveError) {
        do {
            try store.engine.scan(.index, from: first, upTo: end) { key, value in
                let row = try NodeRow(value)
                guard !isUndated || ViewNames(row).date == nil, let study = try seen(IndexKey.lastNode(key), row) else {
                    return true
                }
                return try body(study)
            }
        } catch {
            throw ArchiveError(error)
        }
    }

    private func seen(_ node: NodeID, _ row: NodeRow) throws(ArchiveError) -> Seen? {
        guard let entry = try entry(of: node, in: row.parent) else { return nil }
        return (node, entry, ViewNames(row))
    }
}
