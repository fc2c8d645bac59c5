import ContentStore
import DICOM

/// Reads the rows that a query needs, and keeps what the next match is likely to need again: the resources above, and what was counted
/// of them. What cannot be read as a row, or is gone, is left out, as if it were not there: `verify` tells.
final class QueryReader {
    private let archive: Archive
    private var engine: any StorageEngine { archive.store.engine }
    private var above: [Level: (node: NodeID, row: NodeRow)] = [:]
    private var counted: [Tag: (node: NodeID, values: [String])] = [:]

    /// Rows taken under one cursor.
    private static let page = 1024
    /// Bytes of rows after which a page ends before.
    private static let pageBytes = 1 << 20

    init(_ archive: Archive) { self.archive = archive }

    /// The row of a node of a level; nil when there is none.
    func row(_ node: NodeID, _ level: Level) throws -> NodeRow? {
        guard let bytes = try engine.row(.index, IndexKey.node(node)), let row = try? NodeRow(bytes.span.bytes),
            row.level == level, row.version <= 1
        else { return nil }
        return row
    }

    /// The resource of a level above.
    func ancestor(_ level: Level, of row: NodeRow) throws -> (node: NodeID, row: NodeRow)? {
        var found = (node: row.parent, row: row)
        while found.row.level > level {
            guard let next = found.row.level.parent else { return nil }
            let node = found.row.parent
            if let kept = above[next], kept.node == node {
                found = kept
            } else {
                guard let row = try self.row(node, next) else { return nil }
                found = (node, row)
                above[next] = found
            }
        }
        return found
    }

    /// Calls `body` with the rows of a range, page by page: with no cursor open, so that it may take its time. A page has the rows
    /// that `pick` makes something of; both until `body` returns false.
    func pages<Picked>(
        from: [UInt8], upTo: [UInt8], pick: (RawSpan, RawSpan) throws -> Picked?, _ body: ([Picked]) throws -> Bool
    ) throws -> Bool {
        var next = from
        var isWhole = false
        while !isWhole {
            var page: [Picked] = []
            var count = 0
            var bytes = 0
            isWhole = true
            try engine.scan(.index, from: next, upTo: upTo) { key, value in
                count += 1
                if let picked = try pick(key, value) {
                    page.append(picked)
                    bytes += key.byteCount + value.byteCount
                }
                guard count < 4 * Self.page, page.count < Self.page, bytes < Self.pageBytes else {
                    // The first key after it.
                    next = key.withUnsafeBytes { Array($0) } + [0]
                    isWhole = false
                    return false
                }
                return true
            }
            guard try body(page) else { return false }
        }
        return true
    }

    /// Calls `body` with the members of a directory until it returns false.
    func children(_ node: NodeID, _ body: (NodeID) throws -> Bool) throws -> Bool {
        let prefix = IndexKey.entries(of: node)
        return try pages(from: prefix, upTo: prefix.successor, pick: { key, _ in try IndexKey.lastNode(key) }) {
            for child in $0 where try !body(child) { return false }
            return true
        }
    }

    /// What how an instance's file is made; nil when it is gone.
    func recipe(_ row: NodeRow) throws -> Recipe? {
        do { return try archive.recipe(row.reference) } catch is RecordError { return nil }
    }

    /// The header of the first instance of a resource; nil when it is gone or damaged.
    func header(_ node: NodeID, _ row: NodeRow) throws -> DataSetHeader? {
        guard let instance = try firstInstance(node, row) else { return nil }
        do {
            guard let file = try archive.file(instance.reference) else { return nil }
            return DataSetHeader(
                file.header, file.recipe.scan,
                defaultCharacterSet: archive.defaultCharacterSet)
        } catch is RecordError {
            return nil
        } catch let error as ArchiveError where error.code == .damaged {
            return nil
        }
    }

    private func firstInstance(_ node: NodeID, _ row: NodeRow) throws -> NodeRow? {
        guard let level = row.level.child else { return row }
        var found: NodeRow?
        _ = try children(node) { child in
            guard let row = try self.row(child, level) else { return true }
            found = try firstInstance(child, row)
            return found == nil
        }
        return found
    }

    /// What is counted or collected of the members of a resource, of one tag and one resource at a time.
    func members(_ tag: Tag, _ node: NodeID, _ row: NodeRow) throws -> [String] {
        if let kept = counted[tag], kept.node == node { return kept.values }
        let values: [String]
        switch tag {
        case .modalitiesInStudy: values = try modalities(node)
        case .sopClassesInStudy: values = try sopClasses(row.id)
        case .numberOfPatientRelatedStudies, .numberOfStudyRelatedSeries, .numberOfSeriesRelatedInstances:
            values = [String(try count(node, depth: 1))]
        case .numberOfPatientRelatedSeries, .numberOfStudyRelatedInstances:
            values = [String(try count(node, depth: 2))]
        default: values = [String(try count(node, depth: 3))]
        }
        counted[tag] = (node, values)
        return values
    }

    private func count(_ node: NodeID, depth: Int) throws -> Int {
        var count = 0
        _ = try children(node) { child in
            count += depth == 1 ? 1 : try self.count(child, depth: depth - 1)
            return true
        }
        return count
    }

    private func modalities(_ study: NodeID) throws -> [String] {
        var found: Set<String> = []
        _ = try children(study) { series in
            found.formUnion(try row(series, .series)?.values(.modality) ?? [])
            return true
        }
        return found.sorted()
    }

    /// The recipes of a study are one range.
    private func sopClasses(_ study: OrthancIdentifier) throws -> [String] {
        var found: Set<String> = []
        let prefix = study.array
        try archive.rowPages(.recipe, from: prefix, upTo: prefix.successor) { _, value in
            if let recipe = try? Recipe(value) { found.insert(recipe.identity.sopClassUID) }
        }
        found.remove("")
        return found.sorted()
    }
}
