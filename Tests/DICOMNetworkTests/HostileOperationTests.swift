import ArchiveSCP
import DICOM
import DICOMArchive
import DICOMNetwork
import Foundation
import Synchronization
import TestSupport
import Testing
import Threads

/// What a peer may send within C-FIND, C-MOVE, C-GET and N-ACTION, to an archive with two images.
@Suite struct HostileOperationTests {
    private static let find = "1.2.840.10008.5.1.4.1.2.2.1"
    private static let move = "1.2.840.10008.5.1.4.1.2.2.2"
    private static let get = "1.2.840.10008.5.1.4.1.2.2.3"
    private static let commitment = "1.2.840.10008.1.20.1"
    private static let image = "1.2.840.10008.5.1.4.1.1.7"
    private static let some = [UInt8](repeating: 7, count: 1000)

    /// An archive, a listener before it, and an association that may do everything: context 1 find, 3 move, 5 get,
    /// 7 commitment, 9 images in both directions, 11 verification.
    private final class Bench {
        let running: RunningListener
        let peer: Peer
        private let folder: TemporaryFolder
        private let lines: Lines

        final class Lines: Sendable {
            private let lines = Mutex<[String]>([])
            let ended = Gate()

            func add(_ line: String) {
                lines.withLock { $0.append(line) }
                if line.hasPrefix("association ") { ended.open() }
            }

            var last: String { lines.withLock { $0.last ?? "" } }
        }

        init() throws {
            folder = try TemporaryFolder()
            let holder = ArchiveFolder.Holder(command: "test", mount: nil)
            let archive = try Archive(path: folder.appending("archive"), create: true, holder: holder)
            let lines = Lines()
            self.lines = lines
            let peers = Peers(try PeerTable(unknownRights: .all))
            running = try RunningListener(ArchiveProvider(archive, peers: peers) { lines.add($0.line) })
            peer = try Peer(running)
            let classes = [find, move, get, commitment, image, "1.2.840.10008.1.1"]
            let contexts = classes.enumerated().map { PDU.Context(UInt8(2 * $0 + 1), $1, "1.2.840.10008.1.2.1") }
            let role = [0, UInt8(image.utf8.count)] + Array(image.utf8) + [1, 1]
            let user = PDU.item(0x51, PDU.big32(16384)) + PDU.item(0x54, role)
            try peer.send(PDU.associate(items: contexts.flatMap(\.item) + PDU.item(0x50, user)))
            #expect(try peer.receive()?.type == 2)
            for number in 5...6 {
                var set = DataSetBuilder()
                set.text(.sopClassUID, .ui, image)
                set.text(.sopInstanceUID, .ui, "1.2.3.4.\(number)")
                set.text(.studyInstanceUID, .ui, "1.2.3")
                set.text(.seriesInstanceUID, .ui, "1.2.3.4")
                let command = PDU.command(0x0001, hasDataSet: true, sopClass: image, sopInstance: "1.2.3.4.\(number)")
                #expect(try ask(9, command, set.bytes) == 0x0000)
            }
        }

        /// Sends a request; the status of the answer.
        func ask(_ context: UInt8, _ command: [UInt8], _ dataSet: [UInt8]? = nil) throws -> Int {
            try send(context, command, dataSet)
            return status(try peer.receiveCommand())
        }

        func send(_ context: UInt8, _ command: [UInt8], _ dataSet: [UInt8]? = nil) throws {
            try peer.send(PDU.data([.init(context, .command, command)]))
            guard let dataSet else { return }
            for start in stride(from: 0, through: dataSet.count, by: 100_000) {
                let part = Array(dataSet[start..<min(dataSet.count, start + 100_000)])
                let isLast = start + 100_000 > dataSet.count
                try peer.send(PDU.data([.init(context, isLast ? .lastData : .data, part)]))
            }
        }

        func status(_ command: [Int: [UInt8]]) -> Int {
            command[0x0900].map { Int($0[0]) | Int($0[1]) << 8 } ?? -1
        }

        /// Whether the association still does what it is asked.
        func answersEcho() throws -> Bool { try ask(11, PDU.command(0x0030, sopClass: "1.2.840.10008.1.1")) == 0 }

        /// Waits for the end of the association; how it ended, and the types of the PDUs that came meanwhile.
        func end() throws -> (ending: String, types: [UInt8]) {
            let types = try peer.drain()
            #expect(lines.ended.wait(milliseconds: 60_000))
            return (lines.last.components(separatedBy: " s, ").last ?? "", types)
        }
    }

    private static func identifier(_ keys: [(DICOM.Tag, VR, String)]) -> [UInt8] {
        var set = DataSetBuilder()
        for (tag, vr, value) in keys { set.text(tag, vr, value) }
        return set.bytes
    }

    private static let study = identifier([(.queryRetrieveLevel, .cs, "STUDY"), (.studyInstanceUID, .ui, "1.2.3")])

    /// Sequences within each other.
    private static func nested(_ depth: Int, _ tag: DICOM.Tag) -> [UInt8] {
        var set = DataSetBuilder()
        for _ in 0..<depth {
            set.start(tag, .sq, DataSetBuilder.undefined)
            set.item()
        }
        return set.bytes
    }

    private static func request(_ field: UInt16, _ sopClass: String) -> [UInt8] {
        PDU.command(field, hasDataSet: true, sopClass: sopClass)
    }

    /// C-CANCEL of a message.
    private static func cancel(_ id: UInt8) -> [UInt8] { PDU.command(0x0FFF) + [0, 0, 0x20, 1, 2, 0, 0, 0, id, 0] }

    /// N-ACTION of storage commitment.
    private static let action: [UInt8] = {
        let values: [(UInt16, [UInt8])] = [
            (0x0003, Array("1.2.840.10008.1.20.1".utf8)), (0x0100, [0x30, 1]), (0x0110, [7, 0]), (0x0800, [0, 0]),
            (0x1001, Array("1.2.840.10008.1.20.1.1".utf8)), (0x1008, [1, 0]),
        ]
        return values.flatMap { PDU.element($0, $1) }
    }()

    /// What each is not an identifier of.
    static let identifiers: [(name: String, bytes: [UInt8])] = [
        ("noise", some), ("half an element", Array(study.dropLast(3))),
        ("a length of 4 GB", Array(study.dropLast(13)) + [0xFF, 0xFF, 0xFF, 0xFF]),
        ("8 MiB", [UInt8](repeating: 0, count: 8 << 20)),
        ("9 MiB", [UInt8](repeating: 0, count: 9 << 20)),
        ("sequences of depth 100,000", nested(100_000, DICOM.Tag(0x0008, 0x1115))),
        ("nothing", []),
    ]

    @Test(arguments: identifiers.indices)
    func `an identifier that is none is answered with a failure, and the association goes on`(place: Int) throws {
        let bench = try Bench()
        let (name, bytes) = Self.identifiers[place]
        for (context, field, sopClass) in [(1, 0x0020, Self.find), (3, 0x0021, Self.move), (5, 0x0010, Self.get)] {
            let status = try bench.ask(UInt8(context), Self.request(UInt16(field), sopClass), bytes)
            // C-MOVE looks at its destination first.
            let allowed = field == 0x0021 ? [0xC000, 0xA801] : name == "nothing" ? [0xA900] : [0xC000, 0xA900]
            #expect(allowed.contains(status), "\(name): \(String(status, radix: 16))")
        }
        let committed = try bench.ask(7, Self.action, bytes)
        #expect(committed == 0x0115, "\(name): \(String(committed, radix: 16))")
        #expect(try bench.answersEcho())
    }

    @Test func `a request on the context of another service is answered with 0122, and the association goes on`() throws
    {
        let bench = try Bench()
        for (context, field) in [(5, 0x0020), (1, 0x0021), (9, 0x0010), (11, 0x0020)] as [(UInt8, UInt16)] {
            #expect(try bench.ask(context, Self.request(field, Self.find), Self.study) == 0x0122)
        }
        #expect(try bench.ask(1, Self.action, Self.study) == 0x0122)
        #expect(try bench.answersEcho())
    }

    @Test func `a cancellation of nothing changes nothing`() throws {
        let bench = try Bench()
        for id in [0, 1, 7, 255] as [UInt8] { try bench.send(1, Self.cancel(id)) }
        #expect(try bench.ask(1, Self.request(0x0020, Self.find), Self.study) == 0xFF00)
        // Its identifier.
        #expect(try bench.peer.receive()?.type == 4)
        #expect(bench.status(try bench.peer.receiveCommand()) == 0x0000)
        #expect(try bench.answersEcho())
    }

    /// What comes instead of the answer for the first instance of a C-GET, and how the association ends.
    static let withinGet: [(name: String, bytes: [UInt8], ending: String, reply: UInt8)] = [
        ("a release", PDU.release, "released", 6),
        ("an abort", PDU.abort, "aborted by the peer", 0),
        (
            "an answer to what was not asked", PDU.data([.init(9, .command, PDU.command(0x8001))]),
            "protocol error: a response to nothing that was asked", 7
        ),
        (
            "an echo", PDU.data([.init(11, .command, PDU.command(0x0030))]),
            "protocol error: a message within an operation", 7
        ),
        (
            "another C-GET", PDU.data([.init(5, .command, request(0x0010, get)), .init(5, .lastData, study)]),
            "protocol error: a message within an operation", 7
        ),
        (
            "an instance", PDU.data([.init(9, .command, request(0x0001, image)), .init(9, .lastData, some)]),
            "protocol error: a message within an operation", 7
        ),
        ("noise", some, "protocol error: a PDU of type 7 and ", 7),
    ]

    @Test(arguments: withinGet.indices)
    func `what may not come within a C-GET ends the association, and nothing else`(place: Int) throws {
        let bench = try Bench()
        let (name, bytes, ending, reply) = Self.withinGet[place]
        try bench.send(5, Self.request(0x0010, Self.get), Self.study)
        // The first instance.
        #expect(try bench.peer.receiveCommand()[0x0100] == [1, 0])
        try bench.peer.send(bytes)
        let (ended, types) = try bench.end()
        #expect(ended.hasPrefix(ending), "\(name): \(ended)")
        // Its data set before that.
        #expect(types.filter { $0 != 4 } == (reply == 0 ? [] : [reply]), "\(name)")
        try bench.running.expectEcho()
    }

    @Test(arguments: [(1, 0x0020, find), (5, 0x0010, get)] as [(UInt8, UInt16, String)])
    func `a release that comes within an operation is answered`(context: UInt8, field: UInt16, sopClass: String) throws
    {
        let bench = try Bench()
        let request = PDU.data([
            .init(context, .command, Self.request(field, sopClass)), .init(context, .lastData, Self.study),
        ])
        try bench.peer.send(request + PDU.release)
        let (ending, types) = try bench.end()
        #expect(ending == "released")
        #expect(types.last == 6)
    }

    @Test func `the answer to a report may come within the next operation`() throws {
        let bench = try Bench()
        var item = DataSetBuilder()
        item.text(.referencedSOPClassUID, .ui, Self.image)
        item.text(.referencedSOPInstanceUID, .ui, "1.2.3.4.5")
        var set = DataSetBuilder()
        set.text(.transactionUID, .ui, "1.2.9")
        set.start(.referencedSOPSequence, .sq, DataSetBuilder.undefined)
        set.item(UInt32(item.bytes.count))
        set.bytes += item.bytes
        set.endSequence()
        func answer(_ field: UInt16, _ id: [UInt8]) -> [UInt8] {
            PDU.command(field) + [0, 0, 0x20, 1, 2, 0, 0, 0] + id + [0, 0, 0, 9, 2, 0, 0, 0, 0, 0]
        }
        /// Asks for a commitment; the report's Message ID.
        func report() throws -> [UInt8] {
            #expect(try bench.ask(7, Self.action, set.bytes) == 0x0000)
            let report = try bench.peer.receiveCommand()
            #expect(report[0x0100] == [0, 1])
            #expect(report[0x1002] == [1, 0])
            #expect(try bench.peer.receive()?.type == 4)
            return report[0x0110] ?? []
        }
        let reported = PDU.data([.init(7, .command, answer(0x8100, try report()))])
        try bench.peer.send(
            PDU.data([.init(1, .command, Self.request(0x0020, Self.find)), .init(1, .lastData, Self.study)]) + reported)
        #expect(bench.status(try bench.peer.receiveCommand()) == 0xFF00)
        #expect(try bench.peer.receive()?.type == 4)
        #expect(bench.status(try bench.peer.receiveCommand()) == 0x0000)

        let again = PDU.data([.init(7, .command, answer(0x8100, try report()))])
        try bench.send(5, Self.request(0x0010, Self.get), Self.study)
        for place in 0..<2 {
            let store = try bench.peer.receiveCommand()
            #expect(store[0x0100] == [1, 0])
            #expect(try bench.peer.receive()?.type == 4)
            let stored = PDU.data([.init(9, .command, answer(0x8001, store[0x0110] ?? []))])
            try bench.peer.send((place == 0 ? again : []) + stored)
            let response = try bench.peer.receiveCommand()
            #expect(bench.status(response) == (place == 0 ? 0xFF00 : 0x0000))
            #expect(response[0x1021] == [UInt8(place + 1), 0])
        }
        #expect(try bench.answersEcho())

        // With a data set, of which half has come: the search does not wait for the rest.
        let id = try report()
        let withData = PDU.command(0x8100, hasDataSet: true) + answer(0x8100, id).dropFirst(PDU.command(0x8100).count)
        try bench.peer.send(
            PDU.data([.init(1, .command, Self.request(0x0020, Self.find)), .init(1, .lastData, Self.study)])
                + PDU.data([.init(7, .command, withData), .init(7, .data, Self.some)]))
        #expect(bench.status(try bench.peer.receiveCommand()) == 0xFF00)
        #expect(try bench.peer.receive()?.type == 4)
        #expect(bench.status(try bench.peer.receiveCommand()) == 0x0000)
        try bench.peer.send(PDU.data([.init(7, .lastData, Self.some)]))
        #expect(try bench.answersEcho())
    }

    @Test func `a report that is none, and an answer to none, are told from those that are`() throws {
        let bench = try Bench()
        #expect(try bench.ask(7, Self.request(0x0100, Self.commitment), Self.some) == 0x0115)
        #expect(try bench.ask(1, Self.request(0x0100, Self.find), Self.study) == 0x0122)
        #expect(try bench.answersEcho())
        try bench.send(7, PDU.command(0x8100))
        #expect(try bench.end().ending == "protocol error: a response to nothing that was asked")
    }

    @Test func `a peer that asks for thousands of operations without reading the answers holds nothing but itself`()
        throws
    {
        let bench = try Bench()
        let requests = PDU.data([.init(1, .command, Self.request(0x0020, Self.find)), .init(1, .lastData, Self.study)])
        for _ in 0..<200 { try bench.peer.send(requests) }
        try bench.running.expectEcho()
        try bench.peer.send(PDU.release)
        let ending = try bench.end().ending
        #expect(ending == "released" || ending == "protocol error: a message within an operation")
    }
}
