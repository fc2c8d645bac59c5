import ContentStore
import DICOM

/// One query under way: from its candidates up and down the tree to what is wanted, comparing what is cheap first.
struct QuerySearch {
    private let plan: QueryPlan
    private let reader: QueryReader
    private let goesOn: () -> Bool
    private let body: (QueryMatch) throws -> Bool

    init(
        _ plan: QueryPlan, _ reader: QueryReader, _ goesOn: @escaping () -> Bool,
        _ body: @escaping (QueryMatch) throws -> Bool
    ) {
        self.plan = plan
        self.reader = reader
        self.goesOn = goesOn
        self.body = body
    }

    func run() throws {
        switch plan.source {
        case .nodes(let level):
            let kind = level.nodeKind.rawValue
            let keys = plan.rows[level]
            _ = try reader.pages(
                from: (kind << NodeID.payloadBits).nodeKey, upTo: ((kind + 1) << NodeID.payloadBits).nodeKey,
                pick: { key, value in
                    guard let row = try? NodeRow(value), row.level == level, row.version <= 1,
                        keys?.matches(row) != false
                    else { return nil }
                    return (try IndexKey.lastNode(key), row)
                },
                { (page: [(NodeID, NodeRow)]) in try each(page) { try candidate($0.0, $0.1, isCompared: true) } })
        case .lookUps(let level, let ranges):
            for range in ranges {
                let goesOn = try reader.pages(
                    from: range.from, upTo: range.upTo, pick: { key, _ in try IndexKey.lastNode(key) },
                    { (page: [NodeID]) in
                        try each(page) { node in
                            guard let row = try reader.row(node, level) else { return true }
                            return try candidate(node, row, isCompared: false)
                        }
                    })
                guard goesOn else { return }
            }
        }
    }

    private func each<Element>(_ page: [Element], _ body: (Element) throws -> Bool) throws -> Bool {
        guard goesOn() else { return false }
        for (place, element) in page.enumerated() {
            if place % 64 == 63, !goesOn() { return false }
            guard try body(element) else { return false }
        }
        return true
    }

    /// - Returns: false when the query is to end.
    private func candidate(_ node: NodeID, _ row: NodeRow, isCompared: Bool) throws -> Bool {
        if !isCompared, plan.rows[row.level]?.matches(row) == false { return true }
        for (level, keys) in plan.rows where level < row.level {
            guard let above = try reader.ancestor(level, of: row), keys.matches(above.row) else { return true }
        }
        return try descend(node, row)
    }

    private func descend(_ node: NodeID, _ row: NodeRow) throws -> Bool {
        guard row.level < plan.level, let level = row.level.child else {
            return try offer(QueryMatch(node, row, reader))
        }
        let keys = plan.rows[level]
        var place = 0
        return try reader.children(node) { child in
            place += 1
            if place % 64 == 1, !goesOn() { return false }
            guard let row = try reader.row(child, level), keys?.matches(row) != false else { return true }
            return try descend(child, row)
        }
    }

    private func offer(_ match: QueryMatch) throws -> Bool {
        if match.level == .instance {
            guard try match.recipe() != nil else { return true }
            guard try matches(plan.recipe, match) else { return true }
        }
        guard try matches(plan.members, match), try matches(plan.header, match) else { return true }
        return try body(match)
    }

    private func matches(_ keys: KeyGroup, _ match: QueryMatch) throws -> Bool {
        try keys.isEmpty
            || keys.matches({ try match.texts($0, as: $1) }, items: { try match.items($0) })
    }
}

extension UInt64 {
    /// The key of a node row.
    fileprivate var nodeKey: [UInt8] { IndexKey.node(NodeID(rawValue: self)) }
}
