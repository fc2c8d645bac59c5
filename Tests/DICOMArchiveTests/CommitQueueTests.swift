import ContentStore
import Foundation
import Synchronization
import TestSupport
import Testing
import Threads

@testable import DICOMArchive

@Suite struct CommitQueueTests {
    private let test: ArchiveUnderTest
    private var archive: Archive { test.archive }

    init() throws { test = try ArchiveUnderTest() }

    /// Commits the first while all others wait behind it, then lets them go; what became of each.
    private func commitTogether(
        _ prepared: [PreparedIngest], failing: Bool = false
    ) -> [Result<IngestOutcome, ArchiveError>] {
        let begun = Gate()
        let goOn = Gate()
        let calls = Mutex(0)
        test.engine.watch(failAt: failing ? 1 : nil) {
            guard
                calls.withLock({
                    $0 += 1; return $0 == 1
                })
            else { return }
            begun.open()
            goOn.wait()
        }
        let results = Mutex<[Int: Result<IngestOutcome, ArchiveError>]>([:])
        let ended = prepared.map { _ in Gate() }
        for (index, instance) in prepared.enumerated() {
            Thread.start {
                let result = Result { () throws(ArchiveError) in try instance.commit() }
                results.withLock { $0[index] = result }
                ended[index].open()
            }
            if index == 0 { begun.wait() }
        }
        while archive.commits.backlog < prepared.count - 1 { sched_yield() }
        goOn.open()
        for gate in ended { gate.wait() }
        return results.withLock { results in prepared.indices.compactMap { results[$0] } }
    }

    @Test func `what is ready together is one write`() throws {
        let prepared = try (0..<10).map { try test.prepare(Sample(instance: "1.5.\($0)").bytes) }
        let results = commitTogether(prepared)
        #expect(test.engine.commits == [1, 9])
        for result in results { #expect(try result.get().result == .stored) }
        #expect(try archive.statistics().instances == 10)
        #expect(try test.names().count == 1)
        #expect(try test.problems() == [])
    }

    @Test func `the same instance many times at once is stored once`() throws {
        let prepared = try (0..<10).map { _ in try test.prepare(Sample(frames: 2).bytes) }
        let results = try commitTogether(prepared).map { try $0.get().result }
        #expect(results.count { $0 == .stored } == 1)
        #expect(results.count { $0 == .alreadyStored } == 9)
        #expect(try test.problems() == [])
    }

    @Test func `different bytes of an instance at once are versions 1 to n`() throws {
        let prepared = try (0..<6).map { try test.prepare(Sample(description: "D\($0)").bytes) }
        let results = Set(try commitTogether(prepared).map { try $0.get().result })
        #expect(results == [.stored, .newVersion(2), .newVersion(3), .newVersion(4), .newVersion(5), .newVersion(6)])
        #expect(try test.problems() == [])
    }

    @Test func `a write that fails fails all that was merged into it, and leaves nothing`() throws {
        let prepared = try (0..<5).map { try test.prepare(Sample(instance: "1.5.\($0)").bytes) }
        let results = commitTogether(prepared, failing: true)
        #expect(results.compactMap { try? $0.get() }.count == 1)
        test.engine.watch()
        #expect(try archive.statistics().instances == 1)
        #expect(try test.problems() == [])
        #expect(try prepared[1].commit().result == .stored)
    }

    @Test func `work that throws changes nothing, and is told why`() throws {
        let error = #expect(throws: ArchiveError.self) {
            try archive.commits.perform { plan in
                plan.put(.index, [9], [9])
                throw ArchiveError(.refused, "no")
            }
        }
        #expect(error?.description == "no")
        #expect(test.engine.commits == [])
        #expect(try test.rows() == [:])
    }

    @Test func `more than fits one write is done by several`() throws {
        let prepared = try (0..<70).map { try test.prepare(Sample(instance: "1.5.\($0)").bytes) }
        let results = commitTogether(prepared)
        #expect(results.count == 70)
        #expect(test.engine.commits.reduce(0, +) == 70)
        #expect(test.engine.commits.max() ?? 0 <= 64)
        #expect(try archive.statistics().instances == 70)
    }
}
