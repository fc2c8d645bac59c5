import ContentStore
import DICOM

extension CommitPlan {
    /// The node row of a resource, if it is there; of an instance, that of its first version.
    func node(of id: OrthancIdentifier, _ level: Level) throws -> (node: NodeID, row: NodeRow)? {
        let natural = NodeID(level.nodeKind, id.leading(bits: NodeID.payloadBits))
        // Nearly always it has its natural node: one get instead of a range.
        if let bytes = try row(.index, IndexKey.node(natural)) {
            let row = try NodeRow(bytes.span.bytes)
            if row.id == id, row.version <= 1 { return (natural, row) }
        }
        var found: (NodeID, NodeRow)?
        try scanNodes(like: natural) { node, row in
            if row.id == id, row.version <= 1 { found = (node, row) }
            return found == nil
        }
        return found
    }

    /// The natural node id of something new, or the next free one with the same leading 40 bits.
    func freeNode(_ natural: NodeID) throws -> NodeID {
        if try row(.index, IndexKey.node(natural)) == nil { return natural }
        var taken: Set<NodeID> = []
        try scanNodes(like: natural) { node, _ in
            taken.insert(node)
            return true
        }
        let free: UInt64 = 1 << NodeID.freeBits
        for step in 0..<free {
            let low = (natural.payload + step) % free
            let node = NodeID(natural.kind ?? .fixed, natural.prefix << NodeID.freeBits | low)
            if !taken.contains(node) { return node }
        }
        throw ArchiveError(.io, "no node id is free beside \(natural.rawValue)")
    }

    /// A name that no sibling has, also where upper and lower case are one: with the short suffix, or with the whole
    /// identifier when a sibling's identifier begins with the same digits. Of a study, when any study's does, since by-study
    /// puts those of all patients together.
    func freeName(
        _ parts: [String], id: OrthancIdentifier, in parent: NodeID, beside natural: NodeID
    ) throws -> String {
        var isTaken = false
        if natural.kind == .study {
            try scanNodes(like: natural) { _, _ in
                isTaken = true
                return false
            }
        } else {
            let range = IndexKey.range(like: natural) { IndexKey.entry(parent, $0) }
            try scan(.index, from: range.from, upTo: range.upTo) { _, _ in
                isTaken = true
                return false
            }
        }
        return SafeName.join(parts, suffix: isTaken ? id.hex40 : id.shortSuffix)
    }

    /// Whether a study has this UID as its name in by-uid.
    func isNameOfStudy(_ uid: String) throws -> Bool {
        var isThere = false
        let prefix = IndexKey.lookUpPrefix(.uidName, uid)
        try scan(.index, from: prefix, upTo: prefix.successor) { _, _ in
            isThere = true
            return false
        }
        return isThere
    }

    /// Adds a resource to the tree: its node row, its entry, and the directory's time.
    mutating func add(_ node: NodeID, _ row: NodeRow, _ entry: EntryRow) throws -> TreeChange {
        put(.index, IndexKey.node(node), row.encoded)
        put(.index, IndexKey.entry(row.parent, node), entry.encoded)
        try touch(row.parent, at: entry.modified)
        return .added(node, parent: row.parent, entry: entry)
    }

    /// Adds a directory, which is found by some of its values too.
    mutating func addDirectory(_ node: NodeID, _ row: NodeRow, _ entry: EntryRow) throws -> TreeChange {
        for (kind, value) in row.lookUps { put(.index, IndexKey.lookUp(kind, value, node), []) }
        return try add(node, row, entry)
    }

    /// Takes an entry out of its directory.
    ///
    /// - Parameter names: what the views call it.
    mutating func removeEntry(
        _ node: NodeID, in parent: NodeID, names: ViewNames, at time: UInt64
    ) throws -> TreeChange? {
        guard let bytes = try row(.index, IndexKey.entry(parent, node)) else { return nil }
        put(.index, IndexKey.entry(parent, node), nil)
        try touch(parent, at: time)
        return .removed(node, parent: parent, entry: try EntryRow(bytes.span.bytes), names: names)
    }

    /// Whether a directory has no entry left.
    func isEmpty(_ directory: NodeID) throws -> Bool {
        var isEmpty = true
        let prefix = IndexKey.entries(of: directory)
        try scan(.index, from: prefix, upTo: prefix.successor) { _, _ in
            isEmpty = false
            return false
        }
        return isEmpty
    }

    /// Sets a directory's time of change.
    private mutating func touch(_ directory: NodeID, at time: UInt64) throws {
        let key: [UInt8]
        if directory == .root {
            key = IndexKey.entry(NodeID(rawValue: 0), .root)
        } else {
            guard let bytes = try row(.index, IndexKey.node(directory)) else { return }
            key = IndexKey.entry(try NodeRow(bytes.span.bytes).parent, directory)
        }
        var entry = EntryRow()
        if let bytes = try row(.index, key) { entry = try EntryRow(bytes.span.bytes) }
        entry.modified = max(time, entry.modified)
        put(.index, key, entry.encoded)
    }

    private func scanNodes(like natural: NodeID, _ body: (NodeID, NodeRow) throws -> Bool) throws {
        let range = IndexKey.range(like: natural, IndexKey.node)
        try scan(.index, from: range.from, upTo: range.upTo) { key, value in
            try body(IndexKey.lastNode(key), NodeRow(value))
        }
    }
}

extension IndexKey {
    /// What the keys of all entries of a directory begin with.
    static func entries(of parent: NodeID) -> [UInt8] { [2] + parent.key }

    /// The keys of nodes of the same kind with the same leading 40 bits.
    static func range(like natural: NodeID, _ key: (NodeID) -> [UInt8]) -> (from: [UInt8], upTo: [UInt8]) {
        let kind = natural.kind ?? .fixed
        let low = NodeID(kind, natural.prefix << NodeID.freeBits)
        let high = NodeID(kind, natural.prefix << NodeID.freeBits | (1 << NodeID.freeBits - 1))
        return (key(low), key(high).successor)
    }
}
