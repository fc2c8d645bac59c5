import ContentStore
import DICOM
import Hashing
import TestSupport
import Testing

@testable import DICOMArchive

@Suite struct StoreTests {
    private let test: ArchiveUnderTest
    private var archive: Archive { test.archive }

    init() throws { test = try ArchiveUnderTest() }

    @Test func `a new instance is stored, with the archive's own head before its bytes`() throws {
        let set = Sample().bytes
        let outcome = try test.store(set)
        #expect(outcome.result == .stored)
        let head = try #require(
            Part10Head.generated(
                format: Part10Head.currentFormat, sopClassUID: "1.2.840.10008.5.1.4.1.1.2", sopInstanceUID: "1.2.3.4.5",
                transferSyntaxUID: explicitLittleEndian))
        #expect(try test.bytes(test.node(outcome)) == head + set)
        #expect(try test.problems() == [])
    }

    @Test func `it is in the tree by patient, study and series`() throws {
        let outcome = try test.store(Sample().bytes)
        let path = try #require(try archive.path(of: test.node(outcome)))
        let ids = [
            OrthancIdentifier.patient("P1"), .study("P1", "1.2.3"), .series("P1", "1.2.3", "1.2.3.4"), outcome.instance,
        ].map(\.shortSuffix)
        #expect(
            path == "P1_Doe_Jane_\(ids[0])/20240131_Head_\(ids[1])/2_CT_NoDescription_\(ids[2])/000001_\(ids[3])")
        #expect(try archive.rootModified() > 0)
    }

    @Test func `the same data set again is stored already, and changes no row`() throws {
        try test.store(Sample().bytes)
        let before = try test.rows()
        #expect(try test.store(Sample().bytes).result == .alreadyStored)
        #expect(try test.rows() == before)
    }

    @Test func `another data set of the same instance is a version, and the first stays current`() throws {
        let first = Sample().bytes
        let second = Sample().with { $0.description = "Neck" }.bytes
        let third = Sample().with { $0.filler = (300_000, 1) }.bytes
        let node = try test.node(test.store(first))
        #expect(try test.store(second).result == .newVersion(2))
        #expect(try test.store(third).result == .newVersion(3))
        #expect(try test.store(second).result == .alreadyStored)
        let found = try test.archive.resource(named: test.store(first).instance.hex40)
        #expect(found.node == node)
        #expect(found.file?.versions == 3)
        for (number, set) in [(1, first), (2, second), (3, third)] {
            let version = try #require(try archive.version(number, ofInstance: node))
            let bytes = try #require(try test.bytes(version.node))
            #expect(bytes.suffix(set.count).elementsEqual(set))
            #expect(version.size == UInt64(bytes.count))
        }
        #expect(try test.names(#require(try archive.parent(of: node))).count == 1)
        #expect(try test.problems() == [])
        let statistics = try archive.statistics()
        #expect(statistics.instances == 1)
        #expect(statistics.versions == 3)
    }

    @Test func `the same bytes in another transfer syntax are another version`() throws {
        let set = Sample().bytes
        try test.store(set)
        #expect(try test.store(set, syntax: "1.2.840.10008.1.2.4.201").result == .newVersion(2))
    }

    @Test func `the first imported head replaces the archive's own, under the same name`() throws {
        let set = Sample().bytes
        let stored = try test.store(set)
        let old = try test.node(stored)
        let parent = try #require(try archive.parent(of: old))
        let names = try test.names(parent)
        #expect(try test.bytes(old) != nil)

        #expect(try test.importFile(foreignHead + set).result == .alreadyStored)
        let new = try test.node(stored)
        #expect(new != old)
        #expect(try test.bytes(new) == foreignHead + set)
        #expect(try test.bytes(old) == nil)
        #expect(try archive.entry(of: old, in: parent) == nil)
        #expect(try archive.entry(of: new, in: parent)?.size == UInt64(foreignHead.count + set.count))
        #expect(try test.names(parent) == names)
        #expect(try test.problems() == [])
        // Another head after that changes nothing.
        let before = try test.rows()
        var other = foreignHead
        other[0] = 7
        #expect(try test.importFile(other + set).result == .alreadyStored)
        #expect(try test.store(set).result == .alreadyStored)
        #expect(try test.rows() == before)
    }

    @Test func `a file that the archive made itself is the same file when it comes back`() throws {
        let stored = try test.store(Sample().bytes)
        let node = try test.node(stored)
        let file = try #require(try test.bytes(node))
        let before = try test.rows()
        #expect(try test.importFile(file).result == .alreadyStored)
        #expect(try test.rows() == before)
    }

    @Test func `an imported file is given back byte for byte, with what is wrong in its head`() throws {
        var file = foreignHead + Sample(frames: 3).bytes
        file[60] = 0x55
        let outcome = try test.importFile(file)
        #expect(try test.bytes(test.node(outcome)) == file)
        let bare = Sample(instance: "1.9").bytes
        let second = try test.importFile(bare)
        #expect(try test.bytes(test.node(second)) == bare)
        #expect(try test.problems() == [])
    }

    @Test func `identifiers are SHA-1 of the documented strings`() throws {
        for number in 0..<24 {
            let sample = Sample(
                patient: "PAT \(number % 3)", study: "1.2.\(number % 4)", series: "1.2.3.\(number % 6)",
                instance: "1.9.\(number)")
            let outcome = try test.store(sample.bytes)
            func sha1(_ text: String) -> String { SHA1.hash(Array(text.utf8)).description }
            let study = "\(sample.patient)|\(sample.study)"
            #expect(outcome.instance.hex40 == sha1("\(study)|\(sample.series)|\(sample.instance)"))
            let node = try test.node(outcome)
            let series = try #require(try archive.nodeRow(archive.parent(of: node) ?? .root))
            #expect(series.id.hex40 == sha1("\(study)|\(sample.series)"))
            #expect(series.study.hex40 == sha1(study))
            let patient = try archive.resource(named: sha1(sample.patient))
            #expect(patient.level == .patient)
        }
        #expect(try archive.statistics().instances == 24)
        #expect(try test.problems() == [])
    }

    @Test func `what is stored is there after a reopen, under the same nodes`() throws {
        let sample = Sample(frames: 2, filler: (700_000, 3))
        let outcome = try test.store(sample.bytes)
        let node = try test.node(outcome)
        let bytes = try test.bytes(node)
        try test.reopen()
        #expect(try test.node(outcome) == node)
        #expect(try test.bytes(node) == bytes)
        #expect(try test.store(sample.bytes).result == .alreadyStored)
        #expect(try test.problems() == [])
    }

    @Test func `any part of a file can be read, over the borders of head, header and chunks`() throws {
        let outcome = try test.store(Sample(frames: 2, filler: (600_001, 3)).bytes)
        let node = try test.node(outcome)
        let all = try #require(try test.bytes(node))
        let file = try #require(try archive.file(node))
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            let start = Int.random(in: 0...all.count + 10, using: &generator)
            let length = Int.random(in: 0...300_000, using: &generator)
            var read: [UInt8] = []
            try file.withBytes([start..<start + length], from: archive.store) {
                $0.withUnsafeBytes { read = Array($0) }
            }
            let expected = all.dropFirst(start).prefix(length)
            #expect(read == Array(expected), "\(start) \(length)")
        }
    }

    @Test func `equal pixels are kept once, whatever the header says`() throws {
        try test.store(Sample(filler: (600_000, 9)).bytes)
        let before = try archive.statistics().chunkBytes
        try test.store(Sample(instance: "1.2.3.4.6", filler: (600_000, 9)).bytes)
        #expect(try archive.statistics().chunkBytes - before < 1000)
    }
}
