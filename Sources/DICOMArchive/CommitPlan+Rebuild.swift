import ContentStore
import DICOM

/// A directory as it was before its index is made anew: so it keeps its name, times and main tags, though the instance that
/// they came from may be deleted since.
struct KeptDirectory {
    var node: NodeID
    var row: NodeRow
    var entry: EntryRow

    init(node: NodeID, row: NodeRow, entry: EntryRow) {
        self.node = node
        self.row = row
        self.entry = entry
    }

    var encoded: [UInt8] {
        var writer = RecordWriter()
        writer.fixed(1, node.rawValue)
        writer.bytes(2, row.encoded)
        writer.bytes(3, entry.encoded)
        return writer.bytes
    }

    init(_ bytes: RawSpan) throws(RecordError) {
        var reader = RecordReader(bytes)
        node = .root
        row = NodeRow(level: .patient, id: OrthancIdentifier(), parent: .root)
        entry = EntryRow()
        while let field = try reader.next() {
            switch field {
            case 1: node = NodeID(rawValue: reader.number)
            case 2: row = try NodeRow(reader.value)
            case 3: entry = try EntryRow(reader.value)
            default: break
            }
        }
    }

    /// Whether it is what it should be: rows may be damaged, and a name is what programs open.
    func stands(for level: Level, _ id: OrthancIdentifier) -> Bool {
        let name = entry.name
        return row.level == level && row.id == id && node.kind == level.nodeKind
            && node.prefix == id.leading(bits: NodeID.payloadBits - NodeID.freeBits)
            && (name.hasSuffix("_" + id.shortSuffix) || name.hasSuffix("_" + id.hex40))
            && name.utf8.count <= SafeName.maximumLength && !name.utf8.contains(UInt8(ascii: "/"))
            && !name.utf8.contains(0)
    }
}

extension CommitPlan {
    /// Plans the index rows of a stored version, with the directories above it where they are missing.
    mutating func rebuild(_ instance: PreparedInstance) throws {
        let recipe = instance.recipe
        var changes: [TreeChange] = []
        let series = try directories(of: instance, changes: &changes)
        let node = NodeID(.dicom, recipe.nodePayload)
        guard try row(.index, IndexKey.node(node)) == nil else {
            throw ArchiveError(.damaged, "another instance has its node \(node.rawValue) already")
        }
        if recipe.frameOrdinal > 0 {
            put(.index, IndexKey.frameOrdinal(recipe.frameOrdinal), recipe.reference.encoded)
            let next = try? row(.index, IndexKey.nextFrameOrdinal).map { try RecordReader.onlyNumber($0) }
            if next ?? 0 <= recipe.frameOrdinal {
                put(.index, IndexKey.nextFrameOrdinal, RecordWriter.onlyNumber(recipe.frameOrdinal + 1))
            }
        }
        _ = try index(instance, in: series)
    }

    /// Plans a directory as it was before the index is made anew; nil when nothing is known of it.
    mutating func keptDirectory(
        _ level: Level, _ id: OrthancIdentifier, in parent: NodeID
    ) throws -> TreeChange? {
        guard let bytes = try row(.index, IndexKey.kept(level.rawValue, id.array)) else { return nil }
        var kept = try KeptDirectory(bytes.span.bytes)
        kept.row.parent = parent
        guard try row(.index, IndexKey.node(kept.node)) == nil else { return nil }
        return try addDirectory(kept.node, kept.row, kept.entry)
    }
}
