import ContentStore
package import DICOM

/// A resource that a query found. Its attributes are read when they are asked for, and kept; used by one thread, and not after the
/// call that gave it.
///
/// Main tags come from node rows, SOP Class, SOP Instance and Available Transfer Syntax UID (what it is stored in) from the recipe, counts and Modalities or SOP Classes in Study from the
/// rows of members, all else from the header row of the instance, or of the first instance of the resource. Chunks are never read:
/// an element that is bulk has no value.
package final class QueryMatch {
    /// Its level.
    package let level: Level
    /// Its directory, or its `.dcm` file.
    package let node: NodeID
    let row: NodeRow
    private let reader: QueryReader
    private var headerRead: DataSetHeader??
    private var recipeRead: Recipe??

    /// What an attribute is.
    package enum Value {
        /// Not there, or of a level below.
        case none
        /// Its values as texts, decoded.
        case texts([String])
        /// The element of this data set.
        case element(DataSetHeader)
    }

    init(_ node: NodeID, _ row: NodeRow, _ reader: QueryReader) {
        level = row.level
        self.node = node
        self.row = row
        self.reader = reader
    }

    /// An attribute of the resource or of those above it.
    package func value(_ tag: Tag) throws -> Value {
        let texts: [String]
        switch AttributeSource(tag, at: level) {
        case .row(let level): texts = try ancestor(level)?.row.values(tag) ?? []
        case .recipe:
            guard let recipe = try recipe() else { return .none }
            switch tag {
            case .sopClassUID: texts = [recipe.identity.sopClassUID]
            case .availableTransferSyntaxUID: texts = [recipe.transferSyntaxUID]
            default: texts = [recipe.identity.sopInstanceUID]
            }
        case .members(let level): texts = try ancestor(level).map { try reader.members(tag, $0.node, $0.row) } ?? []
        case .header:
            guard let header = try header(), header.contains(tag) else { return .none }
            return .element(header)
        case .nowhere: return .none
        }
        return texts.allSatisfy(\.isEmpty) ? .none : .texts(texts)
    }

    /// The values of an attribute as texts; none of a sequence.
    ///
    /// - Parameter vr: read it as this where it names no VR itself.
    package func texts(_ tag: Tag, as vr: VR? = nil) throws -> [String] {
        switch try value(tag) {
        case .none: []
        case .texts(let texts): texts
        case .element(let header): header.valueTexts(tag, as: vr)
        }
    }

    /// The items of a sequence; none of what is no sequence.
    func items(_ tag: Tag) throws -> [DataSetHeader] {
        if case .element(let header) = try value(tag) { Array(header.items(tag)) } else { [] }
    }

    /// Of an instance: how its file is made; nil when it is gone.
    package func recipe() throws -> Recipe? {
        if let recipeRead { return recipeRead }
        let recipe = level == .instance ? try reader.recipe(row) : nil
        recipeRead = .some(recipe)
        return recipe
    }

    /// The header of the instance, or of the first instance of the resource; nil when it is gone or damaged.
    private func header() throws -> DataSetHeader? {
        if let headerRead { return headerRead }
        let header = try reader.header(node, row)
        headerRead = .some(header)
        return header
    }

    private func ancestor(_ level: Level) throws -> (node: NodeID, row: NodeRow)? {
        level == self.level ? (node, row) : try reader.ancestor(level, of: row)
    }
}
