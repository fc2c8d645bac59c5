import ContentStore
import DICOM

extension CommitPlan {
    /// Plans to remove all versions of the instances of a study, series or instance, and the directories that are empty
    /// then.
    ///
    /// What they are is looked up here, not before: a head that is replaced or a version that arrives meanwhile must not
    /// leave rows behind.
    mutating func delete(_ node: NodeID) throws -> CommitOutcome {
        var outcome = CommitOutcome()
        guard let bytes = try row(.index, IndexKey.node(node)) else { return outcome }
        let top = try NodeRow(bytes.span.bytes)
        guard let prefix = top.recipeKeyPrefix else { return outcome }
        var recipes: [Recipe] = []
        try scan(.recipe, from: prefix, upTo: prefix.successor) { _, value in
            recipes.append(try Recipe(value))
            return true
        }
        var parents: Set<NodeID> = []
        for recipe in recipes {
            let reference = recipe.reference
            setPartition(reference.study)
            put(.recipe, reference.key(), nil)
            put(.header, reference.key(), nil)
            let node = NodeID(.dicom, recipe.nodePayload)
            outcome.removedNodes.append(node)
            if recipe.frameOrdinal > 0 {
                put(.index, IndexKey.frameOrdinal(recipe.frameOrdinal), nil)
                outcome.removedFrameOrdinals.append(recipe.frameOrdinal)
            }
            put(.index, IndexKey.lookUp(.sopInstanceUID, recipe.identity.sopInstanceUID, node), nil)
            guard let bytes = try row(.index, IndexKey.node(node)) else { continue }
            let nodeRow = try NodeRow(bytes.span.bytes)
            put(.index, IndexKey.node(node), nil)
            let names = ViewNames(nodeRow, sopInstanceUID: recipe.identity.sopInstanceUID)
            if let removed = try removeEntry(node, in: nodeRow.parent, names: names, at: time) {
                outcome.changes.append(removed)
                outcome.identifiers[node] = reference.instance
            }
            parents.insert(nodeRow.parent)
        }
        for parent in parents { try removeIfEmpty(parent, &outcome) }
        return outcome
    }

    private mutating func removeIfEmpty(_ directory: NodeID, _ outcome: inout CommitOutcome) throws {
        guard directory != .root, try isEmpty(directory), let bytes = try row(.index, IndexKey.node(directory)) else {
            return
        }
        let nodeRow = try NodeRow(bytes.span.bytes)
        put(.index, IndexKey.node(directory), nil)
        for (kind, value) in nodeRow.lookUps { put(.index, IndexKey.lookUp(kind, value, directory), nil) }
        if let removed = try removeEntry(directory, in: nodeRow.parent, names: ViewNames(nodeRow), at: time) {
            outcome.changes.append(removed)
            outcome.identifiers[directory] = nodeRow.id
        }
        try removeIfEmpty(nodeRow.parent, &outcome)
    }
}

extension NodeRow {
    /// What the keys of its recipes begin with; nil for a patient, whose studies are apart.
    fileprivate var recipeKeyPrefix: [UInt8]? {
        switch level {
        case .patient: nil
        case .study: id.array
        case .series: study.array + id.array
        case .instance: study.array + series.array + id.array
        }
    }
}
