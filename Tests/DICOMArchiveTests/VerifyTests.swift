import ContentStore
import DICOM
import Hashing
import TestSupport
import Testing

@testable import DICOMArchive

@Suite struct VerifyTests {
    private let test: ArchiveUnderTest
    private let outcome: IngestOutcome
    private let node: NodeID
    private let recipe: Recipe
    private var archive: Archive { test.archive }

    init() throws {
        test = try ArchiveUnderTest()
        // Something beside, which must not be blamed.
        try test.store(Sample(patient: "Other", study: "9", series: "9.1", instance: "9.1.1").bytes)
        outcome = try test.store(Sample(frames: 3, filler: (300_000, 1)).bytes)
        node = try test.node(outcome)
        recipe = try #require(try test.archive.file(node)).recipe
    }

    @Test func `a whole archive has no problems, and all of it was looked at`() throws {
        try test.store(Sample(description: "Neck").bytes)
        let found = try archive.verify { _ in }
        #expect(found.problems == [])
        #expect(found.versions == 3)
        #expect(found.chunks == (try archive.statistics().chunks))
        // All rows but recipes, the next frame ordinal among them.
        #expect(found.rows == (try test.rows().count) - 3 - 1)
    }

    /// Each damage, and what a sentence about it has to name.
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

    @Test(arguments: Damage.allCases)
    func `every damage is named, and nothing else is`(damage: Damage) throws {
        #expect(try test.problems() == [])
        let names = try cause(damage)
        let problems = try test.problems()
        #expect(!problems.isEmpty)
        for name in names {
            #expect(problems.contains { $0.contains(name) }, "\(name) in \(problems)")
        }
        #expect(
            !problems.contains { $0.contains(OrthancIdentifier.instance("Other", "9", "9.1", "9.1.1").description) })
        // It changed nothing: the same again.
        #expect(try test.problems().sorted() == problems.sorted())
    }

    /// Causes a damage; what must be named.
    private func cause(_ damage: Damage) throws -> [String] {
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

    @Test func `what progress throws ends the verification there`() throws {
        struct Enough: Error, CustomStringConvertible { let description = "the client went away" }
        for number in 0..<40 { try test.store(Sample(instance: "7.\(number)", filler: (70_000, UInt8(number))).bytes) }
        var calls: [Verification] = []
        let error = #expect(throws: ArchiveError.self) {
            _ = try archive.verify { found in
                calls.append(found)
                throw Enough()
            }
        }
        #expect(error?.description == "the client went away")
        #expect(calls.map(\.chunks) == [64])
        #expect(calls.map(\.versions) == [0])
    }

    @Test func `verify while instances come, change and go finds nothing`() async throws {
        let archive = archive
        let problems = try await withThrowingTaskGroup(of: [String].self) { group in
            for worker in 0..<2 {
                group.addTask { @Sendable in
                    for round in 0..<30 {
                        let sample = Sample(
                            patient: "V", study: "5", series: "5.1", instance: "5.1.\(round % 5)", frames: 2)
                        try archive.receive(sample.bytes, head: worker == 0 ? .newest : .own(foreignHead))
                        if round % 7 == 6, let found = try? archive.resource(named: sample.identifier) {
                            _ = try archive.delete(found)
                        }
                    }
                    return []
                }
            }
            group.addTask { @Sendable in try (0..<10).flatMap { _ in try archive.verify { _ in }.problems } }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(problems == [])
    }
}
