import ContentStore
import DICOM

extension Archive {
    /// The PNG of a `.png` or frame node; nil when there is no such node.
    package func image(_ node: NodeID) throws(ArchiveError) -> RenderedImage? {
        nil
    }

    /// The directory entry of the instance that a frame node belongs to; nil when there is no such node.
    package func entry(ofFrame node: NodeID) throws(ArchiveError) -> EntryRow? {
        guard let file = try dicomNode(ofFrame: node), let parent = try parent(of: file) else { return nil }
        return try entry(of: file, in: parent)
    }

    /// The `.dcm` node of the version that a frame node belongs to.
    func dicomNode(ofFrame node: NodeID) throws(ArchiveError) -> NodeID? {
        do {
            guard let bytes = try store.engine.row(.index, IndexKey.frameOrdinal(node.frame.ordinal)),
                let recipe = try recipe(VersionReference(frameOrdinalRow: bytes.span.bytes))
            else { return nil }
            return NodeID(.dicom, recipe.nodePayload)
        } catch {
            throw ArchiveError(error)
        }
    }
}
