extension Archive {
    /// The `.dcm` file of a version of an instance; nil when there is none.
    ///
    /// Version 1 is the one in the instance's directory; the others have nodes, but no entry.
    ///
    /// - Parameters:
    ///   - number: counted from 1; nil for the version that `node` itself is.
    ///   - node: the `.dcm` node of any version of the instance.
    /// - Returns: its node, the bytes of its file, its reception in nanoseconds since 1970, and how it is made.
    package func version(
        _ number: Int? = nil, ofInstance node: NodeID
    ) throws(ArchiveError) -> (node: NodeID, size: UInt64, modified: UInt64, recipe: Recipe)? {
        guard let row = try nodeRow(node), row.level == .instance,
            let number = UInt32(exactly: number ?? row.version)
        else { return nil }
        var reference = row.reference
        reference.version = Int(number)
        do {
            guard let recipe = try recipe(reference) else { return nil }
            let entry = recipe.entry(name: "")
            return (NodeID(.dicom, recipe.nodePayload), entry.size, entry.modified, recipe)
        } catch {
            throw ArchiveError(error)
        }
    }
}
