import ContentStore
import DICOM
import TestSupport
import Testing

@testable import DICOMArchive

@Suite struct SweepTests {
    private let test: ArchiveUnderTest
    private var archive: Archive { test.archive }

    init() throws { test = try ArchiveUnderTest() }

    @Test func `a sweep takes what was deleted, and leaves what another instance shares`() throws {
        let shared = Sample(filler: (600_000, 1))
        let first = try test.store(shared.bytes)
        let second = try test.store(shared.with { $0.instance = "1.6" }.bytes)
        try test.store(Sample(instance: "1.7", filler: (600_000, 2)).bytes)
        #expect(try archive.sweep().chunks == 0)
        _ = try archive.delete(archive.resource(named: first.instance.hex40))
        let swept = try archive.sweep()
        // Its pixels only: the filler is the other's too.
        #expect(swept.chunks == 1)
        #expect(swept.bytes == 128)
        #expect(try test.problems() == [])
        #expect(try test.bytes(test.node(second)) != nil)
    }

    @Test func `a sweep leaves what older versions need`() throws {
        try test.store(Sample(filler: (300_000, 1)).bytes)
        try test.store(Sample(filler: (300_000, 2)).bytes)
        #expect(try archive.sweep().chunks == 0)
        #expect(try test.problems() == [])
    }

    @Test func `what is prepared but not committed survives a sweep`() throws {
        let sample = Sample(filler: (600_000, 1))
        let prepared = try test.prepare(sample.bytes)
        #expect(try archive.sweep().chunks == 0)
        _ = try prepared.commit()
        #expect(try test.problems() == [])
    }

    @Test func `a prepared instance keeps chunks whose only other user is deleted`() throws {
        let sample = Sample(filler: (600_000, 1))
        let first = try test.store(sample.bytes)
        let prepared = try test.prepare(sample.with { $0.instance = "1.6" }.bytes)
        _ = try archive.delete(archive.resource(named: first.instance.hex40))
        #expect(try archive.sweep().chunks == 1)
        _ = try prepared.commit()
        #expect(try test.problems() == [])
    }

    @Test func `what was dropped before its commit is swept`() throws {
        do { _ = try test.prepare(Sample(filler: (600_000, 1)).bytes) }
        #expect(try archive.statistics().chunks == 5)
        #expect(try archive.sweep().chunks == 5)
        #expect(try test.rows() == [:])
    }

    @Test func `sweeps beside ingests and deletes lose nothing`() async throws {
        let archive = archive
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<2 {
                group.addTask { @Sendable in
                    for round in 0..<40 {
                        // All share the filler's chunks: wanted, given up and wanted again.
                        let sample = Sample(instance: "1.\(worker).\(round)", filler: (300_000, UInt8(round % 2)))
                        _ = try? archive.receive(sample.bytes, head: .newest)
                        if round % 3 != 0, let found = try? archive.resource(named: sample.identifier) {
                            _ = try? archive.delete(found)
                        }
                    }
                }
            }
            group.addTask { @Sendable in for _ in 0..<40 { _ = try? archive.sweep() } }
        }
        #expect(try archive.statistics().instances == 28)
        #expect(try test.problems() == [])
    }
}
