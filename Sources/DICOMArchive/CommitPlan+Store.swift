import ContentStore
import DICOM

extension CommitPlan {
    /// Plans to store an instance: new, as another version, not at all, or only with its own head.
    mutating func store(_ instance: PreparedInstance) throws -> CommitOutcome {
        var instance = instance
        instance.recipe.receivedAt = time
        let reference = instance.recipe.reference
        setPartition(reference.study)
        var version = 1
        while let bytes = try row(.recipe, reference.key(version: version)) {
            let stored = try Recipe(bytes.span.bytes)
            if stored.isSameDataSet(as: instance.recipe) {
                guard case .generated = stored.head, case .own = instance.recipe.head else {
                    return CommitOutcome(result: .alreadyStored)
                }
                return try replaceHead(of: stored, with: instance.recipe)
            }
            version += 1
        }
        return try storeVersion(version, of: instance)
    }

    private mutating func storeVersion(_ version: Int, of instance: PreparedInstance) throws -> CommitOutcome {
        var recipe = instance.recipe
        recipe.version = version
        var outcome = CommitOutcome(result: version == 1 ? .stored : .newVersion(version))
        let series = try directories(of: instance, changes: &outcome.changes)
        recipe.nodePayload = try freeNode(recipe.naturalNode).payload
        if version == 1, let pixels = recipe.pixels, pixels.pngSize > 0, pixels.numberOfFrames > 1 {
            recipe.frameOrdinal = try takeFrameOrdinal(for: recipe.reference)
        }
        let stored = PreparedInstance(recipe: recipe, header: instance.header, attributes: instance.attributes)
        if let added = try index(stored, in: series) {
            outcome.changes.append(added)
        } else {
            outcome.version = (recipe.reference.instance, version, recipe.entry(name: "").size)
        }
        put(.recipe, recipe.reference.key(), recipe.encoded)
        put(.header, recipe.reference.key(), instance.header)
        return outcome
    }

    /// Plans the index rows of a version whose recipe is complete; of version 1, what that changes in the tree.
    mutating func index(_ instance: PreparedInstance, in series: NodeID) throws -> TreeChange? {
        let recipe = instance.recipe
        var row = NodeRow(level: .instance, id: recipe.reference.instance, parent: series)
        row.study = recipe.reference.study
        row.series = recipe.reference.series
        row.version = recipe.version
        row.attributes = instance.attributes[.instance] ?? []
        let node = NodeID(.dicom, recipe.nodePayload)
        guard recipe.version == 1 else {
            put(.index, IndexKey.node(node), row.encoded)
            return nil
        }
        put(.index, IndexKey.lookUp(.sopInstanceUID, recipe.identity.sopInstanceUID, node), [])
        let name = try freeName(instance.nameParts(.instance), id: row.id, in: series, beside: node)
        return try add(node, row, recipe.entry(name: name))
    }

    /// The series directory, made with those above it where they are missing.
    mutating func directories(
        of instance: PreparedInstance, changes: inout [TreeChange]
    ) throws -> NodeID {
        let reference = instance.recipe.reference
        let identity = instance.recipe.identity
        var parent = NodeID.root
        let levels: [(Level, OrthancIdentifier)] = [
            (.patient, .patient(identity.patientID)), (.study, reference.study), (.series, reference.series),
        ]
        for (level, id) in levels {
            if let found = try node(of: id, level) {
                parent = found.node
                continue
            }
            if let kept = try keptDirectory(level, id, in: parent) {
                changes.append(kept)
                parent = kept.node
                continue
            }
            let node = try freeNode(NodeID(level.nodeKind, id.leading(bits: NodeID.payloadBits)))
            var row = NodeRow(level: level, id: id, parent: parent)
            row.study = reference.study
            row.attributes = instance.attributes[level] ?? []
            if level == .study { row.sharesUID = try isNameOfStudy(identity.studyInstanceUID) }
            var entry = EntryRow()
            entry.name = try freeName(instance.nameParts(level), id: id, in: parent, beside: node)
            entry.modified = instance.recipe.receivedAt
            changes.append(try addDirectory(node, row, entry))
            parent = node
        }
        return parent
    }

    /// The first imported head replaces a generated one: other bytes, so another node, under the same name.
    private mutating func replaceHead(of stored: Recipe, with new: Recipe) throws -> CommitOutcome {
        var outcome = CommitOutcome(result: .alreadyStored)
        let oldNode = NodeID(.dicom, stored.nodePayload)
        outcome.removedNodes = [oldNode]
        guard let bytes = try row(.index, IndexKey.node(oldNode)) else { throw RecordError() }
        let nodeRow = try NodeRow(bytes.span.bytes)

        var recipe = stored
        recipe.head = new.head
        recipe.receivedAt = new.receivedAt
        recipe.sender = new.sender
        let node = try freeNode(recipe.naturalNode)
        recipe.nodePayload = node.payload
        put(.recipe, recipe.reference.key(), recipe.encoded)
        put(.index, IndexKey.node(oldNode), nil)
        let uid = recipe.identity.sopInstanceUID
        let names = ViewNames(nodeRow, sopInstanceUID: uid)
        if let removed = try removeEntry(oldNode, in: nodeRow.parent, names: names, at: new.receivedAt) {
            put(.index, IndexKey.lookUp(.sopInstanceUID, uid, oldNode), nil)
            put(.index, IndexKey.lookUp(.sopInstanceUID, uid, node), [])
            outcome.changes.append(removed)
            outcome.identifiers[oldNode] = nodeRow.id
            outcome.changes.append(try add(node, nodeRow, recipe.entry(name: removed.entry.name)))
        } else {
            put(.index, IndexKey.node(node), nodeRow.encoded)
        }
        return outcome
    }

    private mutating func takeFrameOrdinal(for reference: VersionReference) throws -> UInt64 {
        let next = try row(.index, IndexKey.nextFrameOrdinal).map { try RecordReader.onlyNumber($0) } ?? 1
        guard next < 1 << 33 else { throw ArchiveError(.io, "no frame ordinal is left for another multi-frame image") }
        put(.index, IndexKey.nextFrameOrdinal, RecordWriter.onlyNumber(next + 1))
        put(.index, IndexKey.frameOrdinal(next), reference.encoded)
        return next
    }
}

extension Recipe {
    /// The node id it has when no other resource does.
    var naturalNode: NodeID {
        let digest = versionDigest.array
        let low = (UInt64(digest[0]) << 16 | UInt64(digest[1]) << 8 | UInt64(digest[2])) >> 7
        return NodeID(.dicom, reference.instance.leading(bits: 40) << NodeID.freeBits | low)
    }

    fileprivate func isSameDataSet(as other: Recipe) -> Bool {
        transferSyntaxUID == other.transferSyntaxUID && layout == other.layout && dataSetDigest == other.dataSetDigest
    }

    /// What the directory says of it.
    func entry(name: String) -> EntryRow {
        var entry = EntryRow()
        entry.name = name
        entry.modified = receivedAt
        entry.size = UInt64(headBytes.count + dataSetLength)
        entry.pngSize = pixels?.pngSize ?? 0
        entry.rawSize = pixels?.rawSize ?? 0
        entry.document = document
        entry.frames = frameOrdinal == 0 ? 0 : pixels?.numberOfFrames ?? 0
        entry.frameOrdinal = frameOrdinal
        return entry
    }
}

extension TreeChange {
    /// The entry's node.
    package var node: NodeID {
        switch self {
        case .added(let node, _, _), .removed(let node, _, _, _): node
        }
    }

    /// The entry's row.
    package var entry: EntryRow {
        switch self {
        case .added(_, _, let entry), .removed(_, _, let entry, _): entry
        }
    }
}
