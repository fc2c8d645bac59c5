import ContentStore
package import DICOM

extension Archive {
    /// What a node id stands for; nil when there is no such node.
    func nodeRow(_ node: NodeID) throws(ArchiveError) -> NodeRow? {
        do {
            guard let bytes = try store.engine.row(.index, IndexKey.node(node)) else { return nil }
            return try NodeRow(bytes.span.bytes)
        } catch {
            throw ArchiveError(error)
        }
    }

    /// The directory a node's entry is in; nil when there is no such node. Of a `.png`, `.json` or `.frames` node, that
    /// of its instance.
    package func parent(of node: NodeID) throws(ArchiveError) -> NodeID? {
        try nodeRow(node.isOfInstance ? node.of(.dicom) : node)?.parent
    }

    /// The entry of a patient, study, series or `.dcm` node in its directory; nil when it has none.
    package func entry(of node: NodeID, in parent: NodeID) throws(ArchiveError) -> EntryRow? {
        do {
            guard let bytes = try store.engine.row(.index, IndexKey.entry(parent, node)) else { return nil }
            return try EntryRow(bytes.span.bytes)
        } catch {
            throw ArchiveError(error)
        }
    }

    /// When the root's entries last changed, in nanoseconds since 1970; 0 for an empty archive.
    package func rootModified() throws(ArchiveError) -> UInt64 {
        try entry(of: .root, in: NodeID(rawValue: 0))?.modified ?? 0
    }

    /// Calls `body` with the entries of a directory in node order, from a node on, until it returns false.
    ///
    /// Instances come as their `.dcm` node, once each. The name lives as long as the call.
    package func entries(
        of parent: NodeID, from first: NodeID = NodeID(rawValue: 0), _ body: (NodeID, EntryRow) throws -> Bool
    ) throws(ArchiveError) {
        do {
            let end = IndexKey.entries(of: parent).successor
            try store.engine.scan(.index, from: IndexKey.entry(parent, first), upTo: end) { key, value in
                try body(IndexKey.lastNode(key), EntryRow(value))
            }
        } catch {
            throw ArchiveError(error)
        }
    }

    /// The entry with a name in a directory.
    ///
    /// - Parameters:
    ///   - name: of an instance without extension.
    ///   - kind: what the directory's children are.
    package func entry(named name: String, kind: NodeID.Kind, in parent: NodeID) throws(ArchiveError) -> (
        node: NodeID, entry: EntryRow
    )? {
        guard let prefix = Self.prefix(inName: name) else { return nil }
        let range = IndexKey.range(like: NodeID(kind, prefix << NodeID.freeBits)) { IndexKey.entry(parent, $0) }
        var found: (NodeID, EntryRow)?
        do {
            try store.engine.scan(.index, from: range.from, upTo: range.upTo) { key, value in
                let entry = try EntryRow(value)
                if entry.name.utf8.elementsEqual(name.utf8) { found = (try IndexKey.lastNode(key), entry) }
                return found == nil
            }
        } catch {
            throw ArchiveError(error)
        }
        return found
    }

    /// The leading 40 bits of the identifier that a name ends with; nil when it does not.
    static func prefix(inName name: String) -> UInt64? {
        guard let separator = name.utf8.lastIndex(of: UInt8(ascii: "_")) else { return nil }
        let suffix = name[name.utf8.index(after: separator)...]
        guard suffix.utf8.count == 10 || suffix.utf8.count == 40,
            suffix.utf8.allSatisfy({
                ("0"..."9").contains(UnicodeScalar($0)) || ("a"..."f").contains(UnicodeScalar($0))
            })
        else { return nil }
        return UInt64(suffix.prefix(10), radix: 16)
    }

    /// Where an entry is, from the root: names joined by `/`. An instance's without extension.
    package func path(of node: NodeID) throws(ArchiveError) -> String? {
        var names: [String] = []
        var node = node
        while node != .root {
            // Damaged rows may name each other as parents.
            guard names.count < NodeID.mostAncestors, let parent = try parent(of: node),
                let entry = try entry(of: node, in: parent)
            else { return nil }
            names.append(entry.name)
            node = parent
        }
        return names.reversed().joined(separator: "/")
    }

    /// The node of a resource by its identifier, if it is stored.
    package func node(of id: OrthancIdentifier, _ level: Level) throws(ArchiveError) -> NodeID? {
        do { return try CommitPlan(engine: store.engine).node(of: id, level)?.node } catch { throw ArchiveError(error) }
    }
}

extension NodeID {
    /// Whether it is a file or directory that an instance's row stands for.
    package var isOfInstance: Bool {
        switch kind {
        case .dicom, .png, .json, .frames, .document: true
        default: false
        }
    }
}
