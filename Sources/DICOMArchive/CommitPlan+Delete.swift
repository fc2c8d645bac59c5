import ContentStore
import DICOM

extension CommitPlan {
    /// Plans to remove these versions of instances of one study, and the directories that are empty then.
    mutating func delete(_ recipes: [Recipe], at time: UInt64) throws -> CommitOutcome {
        var outcome = CommitOutcome()
        var parents: Set<NodeID> = []
        for recipe in recipes {
            let reference = recipe.reference
            setPartition(reference.study)
            // Another delete may have been first.
            guard try row(.recipe, reference.key()) != nil else { continue }
            put(.recipe, reference.key(), nil)
            put(.header, reference.key(), nil)
            let node = NodeID(.dicom, recipe.nodePayload)
            guard let bytes = try row(.index, IndexKey.node(node)) else { continue }
            let parent = try NodeRow(bytes.span.bytes).parent
            put(.index, IndexKey.node(node), nil)
            put(.index, IndexKey.lookUp(.sopInstanceUID, recipe.identity.sopInstanceUID, node), nil)
            if recipe.frameOrdinal > 0 { put(.index, IndexKey.frameOrdinal(recipe.frameOrdinal), nil) }
            if let removed = try removeEntry(node, in: parent, at: time) { outcome.changes.append(removed) }
            parents.insert(parent)
        }
        for parent in parents { try removeIfEmpty(parent, at: time, changes: &outcome.changes) }
        return outcome
    }

    private mutating func removeIfEmpty(_ directory: NodeID, at time: UInt64, changes: inout [TreeChange]) throws {
        guard directory != .root, try isEmpty(directory), let bytes = try row(.index, IndexKey.node(directory)) else {
            return
        }
        let nodeRow = try NodeRow(bytes.span.bytes)
        put(.index, IndexKey.node(directory), nil)
        for (kind, value) in nodeRow.lookUps { put(.index, IndexKey.lookUp(kind, value, directory), nil) }
        if let removed = try removeEntry(directory, in: nodeRow.parent, at: time) { changes.append(removed) }
        try removeIfEmpty(nodeRow.parent, at: time, changes: &changes)
    }
}
