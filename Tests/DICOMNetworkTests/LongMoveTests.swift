import DICOM
import DICOMArchive
import DICOMNetwork
import Glibc
import Synchronization
import TestSupport
import Testing
import Threads

@testable import ArchiveSCP

/// A C-MOVE of one long instance, of which there is to be no more.
@Suite struct LongMoveTests {
    private static let image = "1.2.840.10008.5.1.4.1.1.7"
    private static let syntax = "1.2.840.10008.1.2.1"
    private static let move = "1.2.840.10008.5.1.4.1.2.2.2"

    /// An archive with an image of 64 MiB.
    private func archive(in folder: TemporaryFolder) throws -> Archive {
        let holder = ArchiveFolder.Holder(command: "test", mount: nil)
        let archive = try Archive(path: folder.appending("archive"), create: true, holder: holder)
        let ingest = archive.beginInstance(
            head: .newest, transferSyntaxUID: Self.syntax,
            sender: Sender(kind: .store, callingAETitle: "CT1", host: "10.0.0.1"))
        var set = DataSetBuilder()
        set.text(.sopClassUID, .ui, Self.image)
        set.text(.sopInstanceUID, .ui, "1.2.3.4.5")
        set.text(.studyInstanceUID, .ui, "1.2.3")
        set.text(.seriesInstanceUID, .ui, "1.2.3.4")
        // Pixel Data, OB.
        set.bytes += [0xE0, 0x7F, 0x10, 0x00, 0x4F, 0x42, 0, 0, 0, 0, 0, 4]
        try ingest.receive(set.bytes.span.bytes)
        let piece = [UInt8](repeating: 0, count: 1 << 20)
        for _ in 0..<64 { try ingest.receive(piece.span.bytes) }
        _ = try ingest.prepare().commit()
        return archive
    }

    @Test(arguments: ["it is cancelled", "the requester goes", "the listener stops"])
    func `a destination that takes it steadily is aborted in the middle when`(what: String) throws {
        let folder = try TemporaryFolder()
        let got = Mutex<(bytes: Int, last: UInt8)>((0, 0))
        let began = Gate()
        let ended = Gate()
        let destination = try HostileAcceptor { peer in
            peer.accept([(1, 0, Self.syntax)])
            while let pdu = peer.receive() {
                let bytes = got.withLock { got in
                    got = (got.bytes + pdu.body.count, pdu.type)
                    return got.bytes
                }
                if bytes > 1 << 20 { began.open() }
                usleep(2000)
            }
            ended.open()
        }
        let known = try ArchiveSCP.Peer(
            name: "dest", aeTitle: "DEST", host: "127.0.0.1", port: destination.port, rights: .all)
        let peers = Peers(try PeerTable(peers: [known], unknownRights: .all))
        let running = try RunningListener(ArchiveProvider(try archive(in: folder), peers: peers) { _ in })
        let peer = try Peer(running)
        try peer.associate([PDU.Context(1, Self.move, Self.syntax)])
        var identifier = DataSetBuilder()
        identifier.text(.queryRetrieveLevel, .cs, "STUDY")
        identifier.text(.studyInstanceUID, .ui, "1.2.3")
        let request =
            PDU.command(0x0021, hasDataSet: true, sopClass: Self.move) + PDU.element(0x0600, Array("DEST".utf8))
        try peer.send(PDU.data([.init(1, .command, request), .init(1, .lastData, identifier.bytes)]))
        #expect(began.wait(milliseconds: 60_000))
        switch what {
        case "it is cancelled":
            let cancel = PDU.command(0x0FFF) + [0, 0, 0x20, 1, 2, 0, 0, 0, 7, 0]
            try peer.send(PDU.data([.init(1, .command, cancel)]))
            #expect(try peer.receiveCommand()[0x0900] == [0x00, 0xFE])
        case "the requester goes": peer.reset()
        default: running.listener.stop()
        }
        #expect(ended.wait(milliseconds: 60_000))
        #expect(got.withLock { $0.last } == 7)
        #expect(got.withLock { $0.bytes } < 48 << 20)
    }
}
