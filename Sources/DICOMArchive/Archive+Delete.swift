package import ContentStore
import DICOM
import Hashing

extension Archive {
    /// Removes a resource with all its members and versions; all of a study at once. Their chunks stay until ``sweep()``.
    ///
    /// - Returns: how many instances went.
    package func delete(_ resource: Resource) throws(ArchiveError) -> Int {
        var count = 0
        do {
            var nodes: [NodeID] = []
            if resource.level == .patient {
                try resources(.study, under: resource) { study in
                    nodes.append(study.node)
                    return true
                }
            } else {
                nodes = [resource.node]
            }
            for node in nodes {
                let done = try commit { plan in try plan.delete(node) }
                count += done.changes.count {
                    if case .removed(let node, _, _, _) = $0 { node.kind == .dicom } else { false }
                }
            }
        } catch {
            throw ArchiveError(error)
        }
        return count
    }

    /// Removes the chunks that no recipe names and no running ingest wants, and gives their space back.
    /// Not while a backup is made, or another sweep runs.
    package func sweep() throws(ArchiveError) -> SweepResult {
        try beginCare(.sweep)
        defer { endCare() }
        do {
            return try store.sweep {
                var named = NamedChunks()
                try rowPages(.recipe, from: [], upTo: nil) { _, value in named.add(try Recipe(value).chunks) }
                named.close()
                return { [named] in named.contains($0) }
            }
        } catch {
            throw ArchiveError(error)
        }
    }

    /// Calls `body` with every recipe.
    func recipes(_ body: (Recipe) throws -> Void) throws {
        try store.engine.scan(.recipe, from: [], upTo: nil) { _, value in
            try body(try Recipe(value))
            return true
        }
    }
}
