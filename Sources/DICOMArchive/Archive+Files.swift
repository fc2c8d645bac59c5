import ContentStore
import Synchronization

extension Archive {
    /// The file of a `.dcm` node; nil when there is no such node.
    package func file(_ node: NodeID) throws(ArchiveError) -> StoredFile? {
        do {
            return try files.value(node) {
                guard let row = try nodeRow(node), row.level == .instance else { return nil }
                // The instance may be another version, or have another head, since its row was read: that is another node.
                guard let file = try file(row.reference), file.recipe.nodePayload == node.payload else { return nil }
                return file
            }
        } catch {
            throw ArchiveError(error)
        }
    }

    /// The file of a stored version; nil when there is no such version.
    func file(_ reference: VersionReference) throws -> StoredFile? {
        guard let recipe = try recipe(reference) else { return nil }
        work.headerRows.wrappingAdd(1, ordering: .relaxed)
        guard let header = try store.engine.row(.header, reference.key()) else {
            throw ArchiveError(
                .damaged, "the header row of instance \(reference.instance) is missing; run dicomfs verify")
        }
        return try StoredFile(recipe: recipe, header: header)
    }

    func recipe(_ reference: VersionReference) throws -> Recipe? {
        work.recipeRows.wrappingAdd(1, ordering: .relaxed)
        guard let bytes = try store.engine.row(.recipe, reference.key()) else { return nil }
        return try Recipe(bytes.span.bytes)
    }
}
