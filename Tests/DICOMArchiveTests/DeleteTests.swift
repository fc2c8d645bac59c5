import ContentStore
import DICOM
import TestSupport
import Testing

@testable import DICOMArchive

@Suite struct DeleteTests {
    private let test: ArchiveUnderTest
    private var archive: Archive { test.archive }

    init() throws { test = try ArchiveUnderTest() }

    private func withoutClocks(_ rows: [String: [UInt8]]) -> [String: [UInt8]] {
        rows.filter { !ArchiveUnderTest.clocks.contains($0.key) }
    }

    /// Two versions, several frames, a replaced head: all kinds of rows, in two series and two studies of a patient.
    private func fill(_ patient: String) throws {
        for study in 1...2 {
            for series in 1...2 {
                for instance in 1...2 {
                    let sample = Sample(
                        patient: patient, study: "1.\(study)", series: "1.\(study).\(series)",
                        instance: "1.\(study).\(series).\(instance)", frames: instance)
                    try test.store(sample.bytes)
                    try test.store(sample.with { $0.description = "Neck" }.bytes)
                    try test.importFile(foreignHead + sample.bytes)
                }
            }
        }
    }

    @Test(arguments: Level.allCases)
    func `a delete at any level takes all rows, and only those`(level: Level) throws {
        try test.store(Sample(patient: "Other", study: "9.1", series: "9.2", instance: "9.3").bytes)
        let before = withoutClocks(try test.rows())
        try fill("P")
        #expect(try test.problems() == [])
        var deleted = 0
        // Level by level, so that each member goes by itself and directories go when they are empty.
        var resources: [Resource] = []
        try archive.resources(level) {
            resources.append($0)
            return true
        }
        for resource in resources {
            guard try archive.path(of: resource.node)?.hasPrefix("Other") == false else { continue }
            deleted += try archive.delete(resource)
            #expect(try test.problems() == [])
        }
        #expect(deleted == 8)
        #expect(withoutClocks(try test.rows()) == before)
        #expect(try test.names().count == 1)
    }

    @Test func `a delete of a series leaves its study and the other series`() throws {
        try fill("P")
        let id = OrthancIdentifier.series("P", "1.1", "1.1.1")
        #expect(try archive.delete(archive.resource(named: id.hex40)) == 2)
        #expect(try archive.statistics().instances == 6)
        #expect(try archive.statistics().series == 3)
        #expect(try archive.statistics().studies == 2)
        #expect(throws: ArchiveError.self) { try archive.resource(named: id.hex40) }
        #expect(try test.problems() == [])
    }

    @Test func `what is deleted cannot be read any more, nor its images`() throws {
        let outcome = try test.store(Sample(frames: 3).bytes)
        try test.store(Sample(description: "Neck", frames: 3).bytes)
        let node = try test.node(outcome)
        let entry = try #require(try archive.entry(of: node, in: archive.parent(of: node) ?? .root))
        let second = try #require(try archive.version(2, ofInstance: node)).node
        let frame = NodeID.frame(ordinal: entry.frameOrdinal, number: 2)
        // In the caches now.
        #expect(try test.bytes(node) != nil)
        #expect(try test.bytes(second) != nil)
        #expect(try archive.image(node.of(.png)) != nil)
        #expect(try archive.image(frame) != nil)
        _ = try archive.delete(archive.resource(named: outcome.instance.hex40))
        #expect(try test.bytes(node) == nil)
        #expect(try test.bytes(second) == nil)
        #expect(try archive.image(node.of(.png)) == nil)
        #expect(try archive.image(frame) == nil)
        #expect(try archive.version(2, ofInstance: node) == nil)
    }

    @Test func `a deleted instance can be stored again, also with other bytes`() throws {
        let outcome = try test.store(Sample().bytes)
        let node = try test.node(outcome)
        _ = try archive.delete(archive.resource(named: outcome.instance.hex40))
        let other = Sample().with { $0.description = "Neck" }.bytes
        #expect(try test.store(other).result == .stored)
        let new = try test.node(outcome)
        #expect(new != node)
        #expect(try test.bytes(new)?.suffix(other.count).elementsEqual(other) == true)
        #expect(try test.problems() == [])
    }

    @Test func `deletes and stores of one batch see each other`() throws {
        let first = try test.store(Sample().bytes)
        let second = try test.store(Sample(instance: "1.2.3.4.6").bytes)
        let again = PreparedInstance(Sample(), in: test)
        let nodes = try [test.node(first), test.node(second)]
        var plan = CommitPlan(engine: test.engine)
        // The first goes and comes back under the same keys; it keeps the directory when the second goes.
        _ = try plan.step { try $0.delete(nodes[0]) }
        _ = try plan.step { try $0.store(again) }
        let gone = try plan.step { try $0.delete(nodes[1]) }
        #expect(gone.changes.count == 1)
        // And a study that comes and goes within the batch leaves nothing.
        let passing = PreparedInstance(Sample(patient: "X", study: "7", series: "7.1", instance: "7.1.1"), in: test)
        _ = try plan.step { try $0.store(passing) }
        let study = try #require(try plan.node(of: .study("X", "7"), .study)).node
        let passed = try plan.step { try $0.delete(study) }
        #expect(passed.changes.count == 4)
        try test.engine.commit(plan.commits)
        #expect(try test.problems() == [])
        #expect(try archive.statistics().instances == 1)
        #expect(try archive.statistics().patients == 1)
    }

    @Test func `a step that fails leaves nothing in the plan`() throws {
        var plan = CommitPlan(engine: test.engine)
        let instance = PreparedInstance(Sample(), in: test)
        #expect(throws: Failure.self) {
            try plan.step {
                _ = try $0.store(instance)
                throw Failure()
            }
        }
        #expect(plan.commits.isEmpty)
        #expect(try plan.node(of: .patient("P1"), .patient) == nil)
        #expect(try plan.row(.recipe, instance.recipe.reference.key()) == nil)
        #expect(try plan.step { try $0.store(instance) }.result == .stored)
    }

    @Test func `a delete beside new heads, new versions and stores leaves no stray row`() async throws {
        let samples = (0..<4).map { Sample(instance: "1.5.\($0)") }
        let test = test
        let archive = archive
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<3 {
                group.addTask { @Sendable in
                    for round in 0..<25 {
                        let sample = samples[round % samples.count]
                        switch worker {
                        case 0: _ = try? archive.receive(sample.bytes, head: .newest)
                        case 1:
                            _ = try? archive.receive(sample.bytes, head: .own(foreignHead))
                            _ = try? archive.receive(sample.with { $0.description = "\(round)" }.bytes, head: .newest)
                        default:
                            let id = OrthancIdentifier.study("P1", "1.2.3")
                            if let study = try? archive.resource(named: id.hex40) { _ = try? archive.delete(study) }
                        }
                    }
                }
            }
        }
        #expect(try test.problems() == [])
        if let study = try? archive.resource(named: OrthancIdentifier.study("P1", "1.2.3").hex40) {
            _ = try archive.delete(study)
        }
        #expect(withoutClocks(try test.rows()) == [:])
    }

    private struct Failure: Error {}
}

extension Archive {
    /// Takes a data set in one piece.
    @discardableResult
    func receive(_ set: [UInt8], head: Recipe.Head) throws -> IngestOutcome {
        let ingest = beginInstance(head: head, transferSyntaxUID: explicitLittleEndian, sender: Sender(kind: .store))
        try ingest.receive(set.span.bytes)
        return try ingest.prepare().commit()
    }
}

extension PreparedInstance {
    /// A prepared instance without its chunks' bytes: what planning needs.
    init(_ sample: Sample, in test: ArchiveUnderTest) {
        var scanner = DataSetScanner(transferSyntax: TransferSyntax(explicitLittleEndian))
        let store = test.archive.store
        var parts = IngestedParts(writer: ChunkWriter(store: store, generation: store.beginIngest()))
        do {
            try scanner.consume(sample.bytes.span.bytes, into: &parts)
            let scan = try scanner.finish(into: &parts)
            try parts.finish()
            let header = DataSetHeader(parts.header, scan, defaultCharacterSet: SpecificCharacterSet(["ISO_IR 100"]))
            var recipe = Recipe()
            recipe.identity = try Recipe.Identity(header)
            recipe.transferSyntaxUID = explicitLittleEndian
            recipe.extents = parts.extents
            recipe.dataSetDigest = Recipe.dataSetDigest(
                extents: parts.extents, header: parts.header, headerIsDerived: false)
            recipe.receivedAt = 1_700_000_000_000_000_000
            recipe.scan = scan
            recipe.pixels = Recipe.Pixels(header, scan, transferSyntaxUID: recipe.transferSyntaxUID)
            self.init(
                recipe: recipe, header: parts.header, attributes: header.mainAttributes(of: recipe.identity))
        } catch {
            preconditionFailure("\(error)")
        }
    }
}
