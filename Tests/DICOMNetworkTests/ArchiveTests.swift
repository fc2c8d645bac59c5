import ArchiveSCP
import DICOM
import DICOMArchive
import DICOMNetwork
import Synchronization
import TestSupport
import Testing

/// What a sender hears of a real archive.
@Suite struct ArchiveTests {
    private static let holder = ArchiveFolder.Holder(command: "test", mount: nil)

    /// What was logged.
    private final class Lines: Sendable {
        private let lines = Mutex<[ArchiveProvider.LogEntry]>([])

        var all: [ArchiveProvider.LogEntry] { lines.withLock { $0 } }

        func add(_ entry: ArchiveProvider.LogEntry) { lines.withLock { $0.append(entry) } }
    }

    /// Sends data sets to a new archive as one SOP Class and Instance; statuses, comments, the log, and instances kept.
    private func store(
        _ sets: [[UInt8]], sopClass: String = "1.2.840.10008.5.1.4.1.1.7", sopInstance: String = "1.2.3.4.5",
        aborting: Bool = false
    ) throws -> (statuses: [[UInt8]], comments: [String], log: [ArchiveProvider.LogEntry], count: Int) {
        let folder = try TemporaryFolder()
        let archive = try Archive(path: folder.appending("archive"), create: true, holder: Self.holder)
        let lines = Lines()
        let running = try RunningListener(ArchiveProvider(archive, peers: Peers(PeerTable())) { lines.add($0) })
        let peer = try Peer(running)
        try peer.associate([PDU.Context(3, "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.1.2.1")])
        var answers: [[Int: [UInt8]]] = []
        let command = PDU.command(0x0001, hasDataSet: true, sopClass: sopClass, sopInstance: sopInstance)
        for set in sets {
            try peer.send(PDU.data([.init(3, .command, command), .init(3, aborting ? .data : .lastData, set)]))
            if !aborting { answers.append(try peer.receiveCommand()) }
        }
        try peer.send(aborting ? PDU.abort : PDU.release)
        try peer.drain()
        #expect(running.stop())
        return (
            answers.map { $0[0x0900] ?? [] }, answers.map { String(decoding: $0[0x0902] ?? [], as: UTF8.self) },
            lines.all, try archive.statistics().versions
        )
    }

    @Test func `a good instance is stored once, and success is answered both times`() throws {
        let set = DataSetBuilder.image().bytes
        let (statuses, comments, log, count) = try store([set, set])
        #expect(statuses == [[0, 0], [0, 0]])
        #expect(comments == ["", ""])
        #expect(count == 1)
        #expect(log.count == 1)
        #expect(log.first?.isProblem == false)
        let line = try #require(log.first?.line)
        #expect(line.hasPrefix("association PEER@127.0.0.1: 2 stored, 0 refused, \(2 * set.count) bytes, "))
        #expect(line.hasSuffix(" s, released"))
    }

    @Test func `a data set of another SOP Instance is refused with A900 and a line`() throws {
        let (statuses, comments, log, count) = try store([DataSetBuilder.image().bytes], sopInstance: "1.2.3.4.6")
        #expect(statuses == [[0x00, 0xA9]])
        #expect(comments.first?.hasPrefix("SOP Instance UID differs") == true)
        #expect(count == 0)
        #expect(log.map(\.isProblem) == [true, true])
        #expect(log.first?.line.hasPrefix("not stored: 1.2.3.4.6 from PEER@127.0.0.1: ") == true)
    }

    @Test func `a data set of another SOP Class is stored with the warning B007`() throws {
        let (statuses, _, log, count) = try store([DataSetBuilder.image().bytes], sopClass: PDU.ctClass)
        #expect(statuses == [[0x07, 0xB0]])
        #expect(count == 1)
        #expect(log.first?.line.contains("1 stored, 0 refused") == true)
    }

    @Test func `what is no data set is refused with C000, and the association goes on`() throws {
        let good = DataSetBuilder.image().bytes
        let truncated = Array(good.dropLast(5))
        let noise = [UInt8](repeating: 0xA5, count: 1000)
        var nameless = DataSetBuilder()
        nameless.text(.patientID, .lo, "P1")
        let (statuses, comments, log, count) = try store([truncated, noise, nameless.bytes, [], good])
        #expect(statuses == [[0x00, 0xC0], [0x00, 0xC0], [0x00, 0xC0], [0x00, 0xC0], [0, 0]])
        #expect(comments.prefix(4).allSatisfy { !$0.isEmpty && $0.utf8.count <= 64 })
        #expect(count == 1)
        #expect(log.count == 5)
        #expect(log.last?.line.contains("1 stored, 4 refused") == true)
    }

    @Test func `a UID of more than 64 characters is refused with C000`() throws {
        let uid = String(repeating: "1", count: 70)
        var set = DataSetBuilder()
        set.text(.sopClassUID, .ui, "1.2.840.10008.5.1.4.1.1.7")
        set.text(.sopInstanceUID, .ui, uid)
        set.text(.patientID, .lo, "P1")
        set.text(.studyInstanceUID, .ui, "1.2.3")
        set.text(.seriesInstanceUID, .ui, "1.2.3.4")
        let (statuses, _, _, count) = try store([set.bytes], sopInstance: uid)
        #expect(statuses == [[0x00, 0xC0]])
        #expect(count == 0)
    }

    @Test func `an association aborted within an instance stores nothing`() throws {
        let set = DataSetBuilder.image(pixels: 100_000).bytes
        let (_, _, log, count) = try store([set], aborting: true)
        #expect(count == 0)
        #expect(log.last?.line.hasSuffix("aborted by the peer in the middle of an instance") == true, "\(log)")
        #expect(log.last?.isProblem == true)
    }
}
