import ContentStore
import DICOM
import Hashing
import TestSupport
import Testing

@testable import DICOMArchive

@Suite struct VerifyTests {
    private let damaged: DamagedArchive
    private var test: ArchiveUnderTest { damaged.test }
    private var archive: Archive { test.archive }

    init() throws { damaged = try DamagedArchive() }

    @Test func `a whole archive has no problems, and all of it was looked at`() throws {
        try test.store(Sample(description: "Neck").bytes)
        let found = try archive.verify { _ in }
        #expect(found.problems == [])
        #expect(found.versions == 3)
        #expect(found.chunks == (try archive.statistics().chunks))
        // All rows but recipes, the next frame ordinal among them.
        #expect(found.rows == (try test.rows().count) - 3 - 1)
    }

    @Test(arguments: DamagedArchive.Damage.allCases)
    func `every damage is named, and nothing else is`(damage: DamagedArchive.Damage) throws {
        #expect(try test.problems() == [])
        let names = try damaged.cause(damage)
        let problems = try test.problems()
        #expect(!problems.isEmpty)
        for name in names {
            #expect(problems.contains { $0.contains(name) }, "\(name) in \(problems)")
        }
        #expect(!problems.contains { $0.contains("\(damaged.other.instance)") })
        // It changed nothing: the same again.
        #expect(try test.problems().sorted() == problems.sorted())
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
