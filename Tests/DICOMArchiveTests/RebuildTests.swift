import ContentStore
import DICOM
import Foundation
import TestSupport
import Testing

@testable import DICOMArchive

@Suite struct RebuildTests {
    private let test: ArchiveUnderTest
    private var archive: Archive { test.archive }

    init() throws { test = try ArchiveUnderTest() }

    /// Versions, frames, heads that were replaced, one UID of two patients, names of all kinds.
    private func fill() throws {
        for number in 1...3 {
            try test.store(Sample(instance: "1.2.3.4.\(number)", description: "Head \(number)", number: number).bytes)
        }
        // The first member named the study; this is later and differs.
        try test.store(Sample(series: "1.2.3.5", instance: "1.2.3.5.1", description: "Later", frames: 3).bytes)
        try test.store(Sample(instance: "1.2.3.4.1", description: "Other bytes").bytes)
        try test.importFile(foreignHead + Sample(instance: "1.2.3.4.2", description: "Head 2", number: 2).bytes)
        try test.store(Sample(patient: "P2", instance: "9.9", description: "\u{202E}../..", frames: 2).bytes)
        try test.store(Sample(patient: "", study: "7", series: "7.1", instance: "7.1.1", filler: (300_000, 9)).bytes)
    }

    private func rebuild() throws -> Rebuilding { try archive.rebuild { _ in } }

    private func expectUnchanged(since before: [String: [UInt8]]) throws {
        let now = try test.rows()
        let changed = Set(before.keys).union(now.keys).filter { before[$0] != now[$0] }.sorted().map {
            "\($0): \(before[$0].map { hexadecimal($0) } ?? "-") \(now[$0].map { hexadecimal($0) } ?? "-")"
        }
        #expect(changed == [])
    }

    /// Removes every index row.
    private func wipe() throws { try test.engine.removeRows(.index, from: [0], upTo: [0xFF]) }

    @Test func `an index made anew is the same, row for row`() throws {
        try fill()
        let before = try test.rows()
        let done = try rebuild()
        #expect(done.problems == [])
        #expect(done.versions == 7)
        try expectUnchanged(since: before)
        #expect(try test.problems() == [])
    }

    @Test func `an index that is gone is made anew the same, row for row`() throws {
        try fill()
        let before = try test.rows()
        try wipe()
        #expect(try !test.problems().isEmpty)
        #expect(try rebuild().problems == [])
        try expectUnchanged(since: before)
        try test.reopen()
        try expectUnchanged(since: before)
    }

    @Test func `names and times stay though what they came from is deleted`() throws {
        try fill()
        let first = OrthancIdentifier.instance("P1", "1.2.3", "1.2.3.4", "1.2.3.4.1")
        _ = try archive.delete(archive.resource(named: first.hex40))
        let frames = OrthancIdentifier.instance("P1", "1.2.3", "1.2.3.5", "1.2.3.5.1")
        _ = try archive.delete(archive.resource(named: frames.hex40))
        let before = try test.rows()
        #expect(try rebuild().problems == [])
        try expectUnchanged(since: before)
    }

    @Test func `rows that nothing stands behind go, and what is missing comes`() throws {
        try fill()
        let before = try test.rows()
        let node = NodeID(.study, 77)
        try test.set(.index, IndexKey.node(node), [1])
        try test.set(.index, IndexKey.entry(.root, node), EntryRow().encoded)
        try test.set(.index, IndexKey.lookUp(.patientID, "nobody", node), [])
        let stored = try #require(before.keys.first { $0.hasPrefix("index 03") })
        let key = bytesOf(stored.dropFirst("index ".count))
        try test.set(.index, key, nil)
        #expect(try rebuild().problems == [])
        try expectUnchanged(since: before)
    }

    @Test func `a directory whose row is damaged gets the name that its members give`() throws {
        try fill()
        let node = try #require(try archive.node(of: .study("P1", "1.2.3"), .study))
        let parent = try #require(try archive.parent(of: node))
        var entry = try #require(try archive.entry(of: node, in: parent))
        let name = entry.name
        entry.name = "../../etc/passwd_" + OrthancIdentifier.study("P1", "1.2.3").shortSuffix
        try test.set(.index, IndexKey.entry(parent, node), entry.encoded)
        #expect(try rebuild().problems == [])
        #expect(try archive.entry(of: node, in: parent)?.name == name)
        #expect(try test.problems() == [])
    }

    @Test func `one that was interrupted, wherever, leaves an archive that says so, and is done again`() throws {
        struct Interrupted: Error {}
        try fill()
        let before = try test.rows()
        test.engine.watch()
        _ = try rebuild()
        let writes = test.engine.writes
        #expect(writes > 20)
        for write in 0..<writes {
            test.engine.watch(failAt: write)
            #expect(throws: ArchiveError.self, "write \(write)") { try rebuild() }
            test.engine.watch()
            if try test.rows() != before {
                let error = #expect(throws: ArchiveError.self) { try archive.checkIndex() }
                #expect(error?.code == .unusable)
                #expect(error?.description.contains("dicomfs rebuild") == true)
            }
            #expect(try rebuild().problems == [])
            try expectUnchanged(since: before)
            try archive.checkIndex()
        }
    }

    @Test func `an index stays when what it would be made of cannot be read`() throws {
        try fill()
        try archive.store.engine.flush()
        try test.reopen { archive in
            let database = archive + "/db"
            for name in try FileManager.default.contentsOfDirectory(atPath: database) where name.hasSuffix(".sst") {
                let url = URL(fileURLWithPath: "\(database)/\(name)")
                var table = try Data(contentsOf: url)
                // The name of its family is in its properties.
                guard table.range(of: Data("recipe".utf8)) != nil else { continue }
                table[20] ^= 1
                try table.write(to: url)
            }
        }
        let names = try test.names()
        let error = #expect(throws: ArchiveError.self) { try rebuild() }
        #expect(error?.description.contains("the recipe rows cannot be read in whole") == true)
        try test.reopen()
        try archive.checkIndex()
        #expect(try test.names() == names)
    }

    @Test func `what lacks more than its rows is named, and everything else is there`() throws {
        try fill()
        let lost = VersionReference(
            study: .study("P1", "1.2.3"), series: .series("P1", "1.2.3", "1.2.3.4"),
            instance: .instance("P1", "1.2.3", "1.2.3.4", "1.2.3.4.3"), version: 1)
        try test.set(.header, lost.key(), nil)
        let unreadable = VersionReference(
            study: .study("", "7"), series: .series("", "7", "7.1"), instance: .instance("", "7", "7.1", "7.1.1"),
            version: 1)
        try test.set(.recipe, unreadable.key(), [0xFF])
        let done = try rebuild()
        #expect(done.versions == 5)
        #expect(done.problems.count == 2)
        for reference in [lost, unreadable] {
            #expect(done.problems.contains { $0.contains(hexadecimal(reference.key())) }, "\(done.problems)")
        }
        #expect(try archive.node(of: lost.instance, .instance) == nil)
        #expect(try archive.node(of: .instance("P1", "1.2.3", "1.2.3.4", "1.2.3.4.1"), .instance) != nil)
    }
}

/// Bytes of hexadecimal digits.
private func bytesOf(_ digits: some StringProtocol) -> [UInt8] {
    let digits = Array(digits)
    return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
}
