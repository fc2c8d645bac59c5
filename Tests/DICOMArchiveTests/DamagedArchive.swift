import ContentStore
import DICOM
import Hashing
import Testing

@testable import DICOMArchive

/// An archive with one instance to be damaged, and another beside it, which must not be blamed.
struct DamagedArchive {
    let test: ArchiveUnderTest
    let other: IngestOutcome
    let outcome: IngestOutcome
    let node: NodeID
    let recipe: Recipe
    private var archive: Archive { test.archive }

    /// The data set of the instance to be damaged.
    static let dataSet = Sample(frames: 3, filler: (300_000, 1)).bytes

    init() throws {
        test = try ArchiveUnderTest()
        other = try test.store(Sample(patient: "Other", study: "9", series: "9.1", instance: "9.1.1").bytes)
        outcome = try test.store(Self.dataSet)
        node = try test.node(outcome)
        recipe = try #require(try test.archive.file(node)).recipe
    }

    /// What can be damaged.
    enum Damage: CaseIterable {
        case chunkOfOtherBytes, chunkGone
        case headerGone, headerOfOtherBytes, headerAstray
        case recipeUnreadable, recipeOfAnother, recipeGone
        case nodeGone, nodeUnreadable, nodeAstray
        case entryGone, entryUnreadable, entryOfOtherSize, entryAstray
        case lookUpGone, lookUpAstray, studyLookUpGone
        case frameOrdinalGone, frameOrdinalAstray, nextFrameOrdinalBack
        case directoryGone, directoryEmpty, versionMissing
    }

    /// Causes a damage; what must be named.
    func cause(_ damage: Damage) throws -> [String] {
        let key = recipe.reference.key()
        let parent = try #require(try archive.parent(of: node))
        let instance = "\(outcome.instance)"
        let chunk = try #require(recipe.chunks.first)
        switch damage {
        case .chunkOfOtherBytes:
            _ = try test.engine.sweep(stampedBefore: .max) { $0 != chunk }
            try test.engine.put([UInt8](repeating: 2, count: 1 << 18).span.bytes, digest: chunk, generation: 1)
            return ["chunk \(chunk) is damaged"]
        case .chunkGone:
            _ = try test.engine.sweep(stampedBefore: .max) { $0 != chunk }
            return ["instance \(instance) version 1: chunk \(chunk) is missing"]
        case .headerGone:
            try test.set(.header, key, nil)
            return ["instance \(instance) version 1: its header row is missing"]
        case .headerOfOtherBytes:
            var header = try #require(try test.engine.row(.header, key))
            header[100] ^= 1
            try test.set(.header, key, header)
            return ["instance \(instance) version 1: its header has another digest"]
        case .headerAstray:
            try test.set(.header, recipe.reference.key(version: 9), [1])
            return ["the header row \(hexadecimal(recipe.reference.key(version: 9))) has no recipe"]
        case .recipeUnreadable:
            try test.set(.recipe, key, [0xFF])
            return ["the recipe row \(hexadecimal(key)) is damaged"]
        case .recipeOfAnother:
            var other = recipe
            other.identity.sopInstanceUID = "1.2.3.4.9"
            try test.set(.recipe, key, other.encoded)
            return ["its identifiers are not those of its values"]
        case .recipeGone:
            try test.set(.recipe, key, nil)
            return ["the header row \(hexadecimal(key)) has no recipe", "stands for instance \(instance)"]
        case .nodeGone:
            try test.set(.index, IndexKey.node(node), nil)
            return ["instance \(instance) version 1: its node row is missing", "stands for nothing stored"]
        case .nodeUnreadable:
            try test.set(.index, IndexKey.node(node), [0xFF])
            return ["the index row \(hexadecimal(IndexKey.node(node)))"]
        case .nodeAstray:
            var row = NodeRow(level: .instance, id: .patient("gone"), parent: parent)
            row.version = 1
            try test.set(.index, IndexKey.node(NodeID(.dicom, 99)), row.encoded)
            return ["node \(NodeID(.dicom, 99).rawValue) stands for instance \(row.id)"]
        case .entryGone:
            try test.set(.index, IndexKey.entry(parent, node), nil)
            return ["instance \(instance) version 1: it is in no directory"]
        case .entryUnreadable:
            try test.set(.index, IndexKey.entry(parent, node), [0xFF])
            return ["the index row \(hexadecimal(IndexKey.entry(parent, node)))"]
        case .entryOfOtherSize:
            var entry = try #require(try archive.entry(of: node, in: parent))
            entry.size += 1
            try test.set(.index, IndexKey.entry(parent, node), entry.encoded)
            return ["instance \(instance) version 1: its directory gives another size"]
        case .entryAstray:
            var entry = EntryRow()
            entry.name = "ghost"
            try test.set(.index, IndexKey.entry(parent, NodeID(.dicom, 99)), entry.encoded)
            return ["the entry ghost stands for nothing stored"]
        case .lookUpGone:
            try test.set(.index, IndexKey.lookUp(.sopInstanceUID, "1.2.3.4.5", node), nil)
            return ["instance \(instance) version 1: it cannot be found by its SOP Instance UID"]
        case .lookUpAstray:
            let stray = IndexKey.lookUp(.accessionNumber, "nothing", node)
            try test.set(.index, stray, [])
            return ["the look-up row \(hexadecimal(stray)) finds nothing stored"]
        case .studyLookUpGone:
            let study = try #require(try archive.node(of: recipe.reference.study, .study))
            try test.set(.index, IndexKey.lookUp(.accessionNumber, "A1", study), nil)
            return ["study \(recipe.reference.study) cannot be found by its accessionNumber"]
        case .frameOrdinalGone:
            try test.set(.index, IndexKey.frameOrdinal(recipe.frameOrdinal), nil)
            return ["instance \(instance) version 1: the row of its frame ordinal is missing"]
        case .frameOrdinalAstray:
            try test.set(.index, IndexKey.frameOrdinal(77), recipe.reference.encoded)
            return ["frame ordinal 77"]
        case .nextFrameOrdinalBack:
            try test.set(.index, IndexKey.nextFrameOrdinal, RecordWriter.onlyNumber(1))
            return ["the next frame ordinal, 1, is taken"]
        case .directoryGone:
            try test.set(.index, IndexKey.node(parent), nil)
            return ["instance \(instance) version 1: its directory is missing"]
        case .directoryEmpty:
            let row = NodeRow(level: .series, id: .patient("empty"), parent: .root)
            let stray = NodeID(.series, 99)
            try test.set(.index, IndexKey.node(stray), row.encoded)
            try test.set(.index, IndexKey.entry(.root, stray), EntryRow().encoded)
            return ["series \(row.id) has no members"]
        case .versionMissing:
            try test.store(Sample(description: "Neck").bytes)
            try test.store(Sample(description: "Foot").bytes)
            let second = try #require(try archive.version(2, ofInstance: node)).node
            try test.set(.recipe, recipe.reference.key(version: 2), nil)
            try test.set(.header, recipe.reference.key(version: 2), nil)
            try test.set(.index, IndexKey.node(second), nil)
            return ["instance \(instance) version 3: the version before it is missing"]
        }
    }
}
