import ContentStore
import DICOM
import Glibc
import Testing

@testable import DICOMArchive

@Suite struct RepairTests {
    private let damaged: DamagedArchive
    private var test: ArchiveUnderTest { damaged.test }
    private var archive: Archive { test.archive }

    init() throws { damaged = try DamagedArchive() }

    private func repair(discards: Bool = false) throws -> Repair {
        try archive.repair(discards: discards) { _ in }
    }

    /// The instance comes again; it is whole then.
    private func sendAgain() throws {
        let outcome = try test.store(DamagedArchive.dataSet)
        #expect(try test.bytes(test.node(outcome))?.suffix(DamagedArchive.dataSet.count) == DamagedArchive.dataSet[...])
    }

    @Test func `nothing is changed where nothing is damaged`() throws {
        let before = try test.rows()
        let done = try repair(discards: true)
        #expect(done.mended == [])
        #expect(done.left == [])
        #expect(try test.rows() == before)
    }

    @Test(arguments: DamagedArchive.Damage.allCases)
    func `what is derived is made anew, what is lost is named, and nothing else is touched`(
        damage: DamagedArchive.Damage
    ) throws {
        let before = try test.rows()
        _ = try damaged.cause(damage)
        let done = try repair()
        switch damage {
        case .chunkOfOtherBytes, .chunkGone, .headerGone, .headerOfOtherBytes, .recipeUnreadable, .recipeOfAnother,
            .versionMissing:
            #expect(!done.left.isEmpty)
            #expect(try test.problems().sorted() == done.left.sorted())
        case .recipeGone, .frameOrdinalAstray:
            #expect(done.left == [])
        default:
            #expect(done.left == [])
            #expect(try test.rows() == before)
        }
        #expect(
            damage == .chunkGone || damage == .headerGone || damage == .headerOfOtherBytes || !done.mended.isEmpty
                || damage == .recipeUnreadable || damage == .recipeOfAnother || damage == .versionMissing)
        let other = OrthancIdentifier.instance("Other", "9", "9.1", "9.1.1")
        #expect(try archive.resource(named: other.hex40).node == test.node(damaged.other))
        // Again changes nothing.
        let after = try test.rows()
        _ = try repair()
        #expect(try test.rows() == after)
    }

    @Test(arguments: [DamagedArchive.Damage.chunkOfOtherBytes, .chunkGone])
    func `an image whose chunk was damaged is whole when it comes again`(damage: DamagedArchive.Damage) throws {
        _ = try damaged.cause(damage)
        _ = try repair()
        try sendAgain()
        #expect(try test.problems() == [])
    }

    @Test(arguments: [
        DamagedArchive.Damage.chunkOfOtherBytes, .chunkGone, .headerGone, .headerOfOtherBytes, .recipeUnreadable,
        .recipeOfAnother, .recipeGone,
    ])
    func `what cannot be mended is discarded on request, and comes again`(damage: DamagedArchive.Damage) throws {
        _ = try damaged.cause(damage)
        let done = try repair(discards: true)
        #expect(done.left == [])
        #expect(!done.mended.isEmpty)
        #expect(try test.problems() == [])
        #expect(throws: ArchiveError.self) { try archive.resource(named: "\(damaged.outcome.instance)") }
        try sendAgain()
        #expect(try test.problems() == [])
    }

    @Test func `what the disk does not give is named, kept, and stored anew when it comes again`() throws {
        let test = try ArchiveUnderTest()
        let outcome = try test.store(Sample().bytes)
        let chunk = try #require(try test.archive.file(test.node(outcome))?.recipe.chunks.first)
        let segment = test.path + "/db.chunks/000000000001"
        // A folder can be opened, and reading it fails.
        try test.reopen { _ in
            rename(segment, segment + ".away")
            mkdir(segment, 0o700)
        }
        let problems = try test.problems()
        #expect(problems == ["cannot read \(segment): Is a directory"])
        let repaired = try test.archive.repair(discards: false) { _ in }
        #expect(repaired.mended == [])
        #expect(try test.archive.store.engine.chunkLength(chunk) != nil)
        #expect(try test.store(Sample().bytes).result == .alreadyStored)
        #expect(try test.problems() == [])
        #expect(try test.bytes(test.node(outcome)) != nil)
    }

    @Test func `a version is not discarded from under a later one`() throws {
        try test.store(Sample(description: "Neck").bytes)
        _ = try damaged.cause(.headerGone)
        let done = try repair(discards: true)
        #expect(done.left.contains { $0.contains("its header row is missing") })
        #expect(try archive.version(2, ofInstance: damaged.node) != nil)
    }
}
