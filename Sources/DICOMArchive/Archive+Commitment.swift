import ContentStore
import DICOM

extension Archive {
    /// The SOP Classes of the instances with a SOP Instance UID that are stored in whole: their rows, and the place of each of
    /// their chunks. No byte of them is read. Empty when there is none.
    package func storedSOPClasses(ofInstance uid: String) throws(ArchiveError) -> [String] {
        var nodes: [NodeID] = []
        do {
            let prefix = IndexKey.lookUpPrefix(.sopInstanceUID, uid)
            try store.engine.scan(.index, from: prefix, upTo: prefix.successor) { key, _ in
                nodes.append(try IndexKey.lastNode(key))
                return true
            }
            return try nodes.compactMap { node in
                guard let row = try nodeRow(node), row.level == .instance, let recipe = try recipe(row.reference),
                    recipe.identity.sopInstanceUID == uid, try isWhole(recipe)
                else { return nil }
                return recipe.identity.sopClassUID
            }
        } catch {
            throw ArchiveError(error)
        }
    }

    private func isWhole(_ recipe: Recipe) throws -> Bool {
        guard try store.engine.row(.header, recipe.reference.key()) != nil else { return false }
        return try recipe.extents.allSatisfy { extent in
            guard case .chunk(let chunk) = extent else { return true }
            return try store.engine.chunkLength(chunk.digest) == UInt64(chunk.length)
        }
    }
}
