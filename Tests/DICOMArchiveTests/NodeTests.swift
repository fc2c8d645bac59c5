import ContentStore
import DICOM
import TestSupport
import Testing

@testable import DICOMArchive

@Suite struct NodeTests {
    private let test: ArchiveUnderTest
    private var archive: Archive { test.archive }
    /// The lowest node of a prefix: its low bits are 0.
    private let first = NodeID(.study, 0x12_3456_789A << NodeID.freeBits)

    init() throws { test = try ArchiveUnderTest() }

    private func take(_ node: NodeID) throws {
        let row = NodeRow(level: .study, id: .study("somebody", "else"), parent: .root)
        try test.set(.index, IndexKey.node(node), row.encoded)
    }

    private func node(low: UInt64) -> NodeID { NodeID(.study, first.payload + low) }

    @Test func `a node that is free is taken as it is`() throws {
        try take(node(low: 6))
        #expect(try CommitPlan(engine: test.engine).freeNode(node(low: 5)) == node(low: 5))
    }

    @Test func `a node that is taken gives way to the next free one`() throws {
        for low in [5, 6, 8] as [UInt64] { try take(node(low: low)) }
        #expect(try CommitPlan(engine: test.engine).freeNode(node(low: 5)) == node(low: 7))
        #expect(try CommitPlan(engine: test.engine).freeNode(node(low: 8)) == node(low: 9))
    }

    @Test func `after the last node with the same leading bits comes the first`() throws {
        let last: UInt64 = 1 << NodeID.freeBits - 1
        try take(node(low: last))
        #expect(try CommitPlan(engine: test.engine).freeNode(node(low: last)) == node(low: 0))
        try take(node(low: 0))
        let found = try CommitPlan(engine: test.engine).freeNode(node(low: last))
        #expect(found == node(low: 1))
        #expect(found.prefix == first.prefix)
    }

    @Test func `nodes planned in the same commit are taken too`() throws {
        var plan = CommitPlan(engine: test.engine)
        let row = NodeRow(level: .study, id: .study("a", "b"), parent: .root)
        plan.put(.index, IndexKey.node(node(low: 5)), row.encoded)
        #expect(try plan.freeNode(node(low: 5)) == node(low: 6))
    }

    @Test func `a directory whose node is taken gets the next one and keeps it`() throws {
        let id = OrthancIdentifier.patient("P1")
        let natural = NodeID(.patient, id.leading(bits: 57))
        let other = NodeRow(level: .patient, id: .patient("another"), parent: .root)
        try test.set(.index, IndexKey.node(natural), other.encoded)
        try test.store(Sample().bytes)
        let node = try #require(try archive.node(of: id, .patient))
        #expect(node != natural)
        #expect(node.prefix == natural.prefix)
        // When the other is gone as well.
        try test.set(.index, IndexKey.node(natural), nil)
        try test.store(Sample(study: "1.7", series: "1.7.1", instance: "1.7.1.1").bytes)
        #expect(try archive.node(of: id, .patient) == node)
        #expect(try test.names().count == 1)
        #expect(try test.names(node).count == 2)
        #expect(try test.problems() == [])
    }

    @Test func `an instance whose node is taken gets the next one, and its recipe says so`() throws {
        let instance = PreparedInstance(Sample(), in: test)
        let natural = instance.recipe.naturalNode
        var other = NodeRow(level: .instance, id: .patient("another"), parent: .root)
        other.version = 1
        try test.set(.index, IndexKey.node(natural), other.encoded)
        let outcome = try test.store(Sample().bytes)
        let node = try test.node(outcome)
        #expect(node == NodeID(.dicom, natural.payload + 1))
        #expect(try test.bytes(node)?.suffix(Sample().bytes.count).elementsEqual(Sample().bytes) == true)
        _ = try archive.delete(archive.resource(named: outcome.instance.hex40))
        #expect(try test.rows().keys.filter { !ArchiveUnderTest.clocks.contains($0) }.count == 1)
    }

    @Test func `a name whose last digits a sibling has is made longer, and both are found`() throws {
        let id = OrthancIdentifier.patient("P1")
        let natural = NodeID(.patient, id.leading(bits: 57))
        let sibling = NodeID(.patient, natural.payload ^ 1)
        var entry = EntryRow()
        // The same where upper and lower case are one.
        entry.name = "p1_DOE_Jane_\(id.shortSuffix)"
        try test.set(.index, IndexKey.entry(.root, sibling), entry.encoded)
        try test.store(Sample().bytes)
        let long = "P1_Doe_Jane_\(id.hex40)"
        #expect(Set(try test.names()) == [entry.name, long])
        #expect(try archive.entry(named: long, kind: .patient, in: .root)?.node == natural)
        #expect(try archive.entry(named: entry.name, kind: .patient, in: .root)?.node == sibling)
        #expect(try archive.entry(named: "P1_\(id.shortSuffix)", kind: .patient, in: .root) == nil)
        #expect(try archive.entry(named: "", kind: .patient, in: .root) == nil)
    }

    @Test func `a study's name that one of another patient has is made longer, and both are found`() throws {
        let id = OrthancIdentifier.study("P1", "1.2.3")
        let sibling = NodeID(.study, id.leading(bits: 57) ^ 1)
        let other = NodeID(.patient, 5)
        var entry = EntryRow()
        entry.name = "20240131_Head_\(id.shortSuffix)"
        try test.set(.index, IndexKey.entry(other, sibling), entry.encoded)
        let row = NodeRow(level: .study, id: .study("P2", "1.2.3"), parent: other)
        try test.set(.index, IndexKey.node(sibling), row.encoded)
        try test.store(Sample().bytes)
        let node = try #require(try archive.node(of: id, .study))
        #expect(try archive.study(named: "20240131_Head_\(id.hex40)") == node)
        #expect(try archive.study(named: entry.name) == sibling)
    }

    @Test func `a frame ordinal is never given twice`() throws {
        var ordinals: [UInt64] = []
        for round in 0..<4 {
            let outcome = try test.store(Sample(frames: 3).bytes)
            let node = try test.node(outcome)
            ordinals.append(
                try #require(try archive.entry(of: node, in: archive.parent(of: node) ?? .root)).frameOrdinal)
            _ = try archive.delete(archive.resource(named: outcome.instance.hex40))
            if round == 1 { try test.reopen() }
        }
        #expect(ordinals == [1, 2, 3, 4])
    }

    @Test func `entries come in node order, and go on from any node, also one that is gone`() throws {
        for number in 0..<20 { try test.store(Sample(instance: "1.5.\(number)", number: number).bytes) }
        let series = try #require(try archive.node(of: .series("P1", "1.2.3", "1.2.3.4"), .series))
        func nodes(from first: NodeID = NodeID(rawValue: 0)) throws -> [NodeID] {
            var nodes: [NodeID] = []
            try archive.entries(of: series, from: first) { node, _ in
                nodes.append(node)
                return true
            }
            return nodes
        }
        let all = try nodes()
        #expect(all.count == 20)
        #expect(all == all.sorted())
        #expect(try nodes(from: all[7]) == Array(all[7...]))
        let gone = try #require(try archive.nodeRow(all[7]))
        _ = try archive.delete(archive.resource(named: gone.id.hex40))
        #expect(try nodes(from: all[7]) == Array(all[8...]))
        #expect(try nodes(from: NodeID(rawValue: all[19].rawValue + 1)) == [])
        var some = 0
        try archive.entries(of: series) { _, _ in
            some += 1
            return some < 3
        }
        #expect(some == 3)
    }

    @Test func `a version is found by the node of any other, and none that is not there`() throws {
        let node = try test.node(test.store(Sample().bytes))
        try test.store(Sample(description: "Neck").bytes)
        let second = try #require(try archive.version(2, ofInstance: node))
        #expect(second.node != node)
        #expect(try archive.version(1, ofInstance: second.node)?.node == node)
        #expect(try archive.version(ofInstance: second.node)?.node == second.node)
        #expect(try archive.file(second.node)?.size == Int(second.size))
        #expect(try archive.file(second.node)?.recipe.receivedAt == second.modified)
        for number in [0, -1, 3, Int.max, Int.min, 1 << 32 + 1] {
            #expect(try archive.version(number, ofInstance: node) == nil)
        }
        #expect(try archive.version(1, ofInstance: .root) == nil)
        let series = try #require(try archive.parent(of: node))
        #expect(try archive.version(1, ofInstance: series) == nil)
    }
}
