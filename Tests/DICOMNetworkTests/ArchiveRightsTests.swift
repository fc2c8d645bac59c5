import ArchiveSCP
import DICOMArchive
import DICOMNetwork
import TestSupport
import Testing

/// What an archive with peers answers to who may not.
struct ArchiveRightsTests {
    @Test func `each request is answered by the rights that hold when it comes`() throws {
        let folder = try TemporaryFolder()
        let holder = ArchiveFolder.Holder(command: "test", mount: nil)
        let archive = try Archive(path: folder.appending("archive"), create: true, holder: holder)
        let peers = Peers(try PeerTable(unknownRights: [.echo, .store]))
        let running = try RunningListener(ArchiveProvider(archive, peers: peers) { _ in })
        let peer = try Peer(running)
        try peer.associate([.verification, PDU.Context(3, "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.1.2.1")])
        func echo() throws -> [UInt8]? {
            try peer.send(PDU.data([PDU.PDV(1, .command, PDU.command(0x0030))]))
            return try peer.receiveCommand()[0x0900]
        }
        func store() throws -> [UInt8]? {
            let command = PDU.command(
                0x0001, hasDataSet: true, sopClass: "1.2.840.10008.5.1.4.1.1.7", sopInstance: "1.2.3.4.5")
            let set = DataSetBuilder.image().bytes
            try peer.send(PDU.data([.init(3, .command, command), .init(3, .lastData, set)]))
            return try peer.receiveCommand()[0x0900]
        }
        let notAuthorized: [UInt8] = [0x24, 0x01]
        peers.replace(try PeerTable(unknownRights: [.echo]))
        #expect(try echo() == [0, 0])
        #expect(try store() == notAuthorized)
        #expect(try archive.statistics().versions == 0)
        peers.replace(try PeerTable(unknownRights: [.store]))
        #expect(try echo() == notAuthorized)
        #expect(try store() == [0, 0])
        #expect(try archive.statistics().versions == 1)
        try peer.send(PDU.release)
        try peer.drain()
        #expect(running.stop())
    }
}
