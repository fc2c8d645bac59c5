import ArchiveSCP
import DICOM
import DICOMNetwork
import Glibc
import TestSupport
import Threads

/// What a peer sends to the C-STORE port, over a connection of its own.
///
/// The first byte of an input says what the others are: the stream as it is; or the values of an association that was made
/// as it should be and may do everything, each with a byte for its kind, one for its context and two for its length.
final class AssociationTarget: FuzzTarget {
    private let test: FuzzedArchive
    private let listener: AssociationListener
    private var rounds = 0

    init() throws {
        test = try FuzzedArchive()
        var configuration = AssociationListener.Configuration()
        configuration.port = 0
        configuration.idleSeconds = 5
        var ours = ArchiveProvider.Configuration()
        ours.longestInstance = 1 << 20
        let peers = Peers(try PeerTable(unknownRights: .all))
        let listener = try AssociationListener(
            configuration: configuration,
            provider: ArchiveProvider(test.archive, peers: peers, configuration: ours) { _ in })
        self.listener = listener
        // C-MOVE to ourselves.
        let ourselves = try Peer(
            name: "ourselves", aeTitle: "DICOMFS", host: "127.0.0.1", port: listener.port, rights: .all)
        peers.replace(try PeerTable(peers: [ourselves], unknownRights: .all))
        Thread.start { listener.run() }
    }

    deinit { listener.stop() }

    static var seeds: [[UInt8]] {
        let set = DataSetBuilder.image().bytes
        let store = PDU.command(0x0001, hasDataSet: true)
        let streams = [
            PDU.associate([.verification, .ct]) + PDU.data([.init(1, .command, PDU.command(0x0030))]) + PDU.release,
            PDU.associate([.ct]) + PDU.data([PDU.store()]) + PDU.data([.init(3, .lastData, set)]) + PDU.release,
            PDU.associate([.ct]) + PDU.abort,
        ]
        let values =
            [
                value(3, 1, PDU.command(0x0030)), value(3, 3, store) + value(2, 3, set),
                value(1, 3, Array(store[..<40])) + value(3, 3, Array(store[40...])) + value(0, 3, Array(set[..<100]))
                    + value(2, 3, Array(set[100...])) + value(4, 0, PDU.release),
                value(11, 3, store) + value(2, 3, set),
            ] + operations
        return streams.map { [0] + $0 } + values.map { [1] + $0 }
    }

    private static let image = "1.2.840.10008.5.1.4.1.1.7"
    private static let commitment = "1.2.840.10008.1.20.1"
    /// Of the contexts 5, 7, 9, 11 and 13: C-FIND, C-MOVE, C-GET, storage commitment, images.
    private static let classes =
        ["1", "2", "3"].map { "1.2.840.10008.5.1.4.1.2.2.\($0)" } + [commitment, image]

    /// The request for an association with all of them, images in both directions.
    private static let association: [UInt8] = {
        let contexts =
            [.verification, .ct]
            + classes.enumerated().map { PDU.Context(UInt8(2 * $0 + 5), $1, "1.2.840.10008.1.2.1") }
        let role = [0, UInt8(image.utf8.count)] + Array(image.utf8) + [1, 1]
        let user = PDU.item(0x51, PDU.big32(16384)) + PDU.item(0x54, role)
        return PDU.associate(items: contexts.flatMap(\.item) + PDU.item(0x50, user))
    }()

    /// An image that is stored, and what can be asked of it then.
    private static var operations: [[UInt8]] {
        let stored =
            value(3, 13, PDU.command(0x0001, hasDataSet: true, sopClass: image))
            + value(18, 13, DataSetBuilder.image().bytes)
        func request(_ field: UInt16, _ context: UInt8, _ more: [UInt8] = []) -> [UInt8] {
            value(3, context, PDU.command(field, hasDataSet: true, sopClass: classes[Int(context - 5) / 2]) + more)
        }
        func answer(_ field: UInt16, _ context: UInt8, to id: UInt8) -> [UInt8] {
            let more = PDU.element(0x0120, [id, 0]) + PDU.element(0x0900, [0, 0])
            return value(19, context, PDU.command(field) + more)
        }
        var study = DataSetBuilder()
        study.text(.queryRetrieveLevel, .cs, "STUDY")
        study.text(.studyInstanceUID, .ui, "1.2.3")
        var keys = DataSetBuilder()
        keys.text(.studyDate, .da, "19990101-")
        keys.text(.queryRetrieveLevel, .cs, "IMAGE")
        keys.text(.modalitiesInStudy, .cs, "OT\\CT")
        keys.start(.referencedSOPSequence, .sq, DataSetBuilder.undefined)
        keys.item()
        keys.text(.referencedSOPInstanceUID, .ui, "")
        keys.endItem()
        keys.endSequence()
        keys.text(.patientName, .pn, "D*")
        keys.text(.sopInstanceUID, .ui, "")
        var commit = DataSetBuilder()
        commit.text(.transactionUID, .ui, "1.2.9")
        commit.start(.referencedSOPSequence, .sq, DataSetBuilder.undefined)
        commit.item()
        commit.text(.referencedSOPClassUID, .ui, image)
        commit.text(.referencedSOPInstanceUID, .ui, "1.2.3.4.5")
        commit.endItem()
        commit.endSequence()
        let action =
            PDU.element(0x0003, Array(commitment.utf8))
            + PDU.element(0x1001, Array("\(commitment).1".utf8)) + PDU.element(0x1008, [1, 0])
        let move = request(0x0021, 7, PDU.element(0x0600, Array("DICOMFS ".utf8)))
        let cancel = value(3, 5, PDU.command(0x0FFF) + PDU.element(0x0120, [7, 0]))
        return [
            stored + request(0x0020, 5) + value(18, 5, study.bytes),
            stored + request(0x0020, 5) + value(2, 5, keys.bytes) + cancel,
            stored + move + value(18, 7, study.bytes),
            stored + request(0x0010, 9) + value(18, 9, study.bytes) + answer(0x8001, 13, to: 1),
            stored + request(0x0130, 11, action) + value(18, 11, commit.bytes) + answer(0x8100, 11, to: 1),
            stored + request(0x0100, 11, PDU.element(0x1002, [1, 0])) + value(2, 11, commit.bytes),
        ]
    }

    private static func value(_ kind: UInt8, _ context: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        [kind, context, UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)] + bytes
    }

    func problems(with input: [UInt8]) throws -> [String] {
        guard let mode = input.first else { return [] }
        let parts = mode & 1 == 0 ? [Array(input.dropFirst())] : Self.parts(input.dropFirst())
        var problems: [String] = []
        let connection = try connect()
        for (place, part) in parts.enumerated() {
            if place > 0 { connection.awaitAnswer() }
            connection.send(part)
        }
        if connection.finish() == nil { problems.append("the connection does not end") }
        rounds += 1
        guard rounds % 64 == 0 else { return problems }
        let other = try connect()
        other.send(Array(Self.seeds[0].dropFirst()))
        // A-ASSOCIATE-AC, P-DATA-TF with the response, A-RELEASE-RP.
        let answer = other.finish()
        if answer?.suffix(10) != [6, 0, 0, 0, 0, 4, 0, 0, 0, 0] {
            problems.append("no echo afterwards, but \(answer.map { "\($0)" } ?? "no end")")
        }
        try test.empty()
        return problems
    }

    /// The kernel may have no port to give for a while, when so many connections ended a moment ago.
    private func connect() throws -> Connection {
        for _ in 0..<100 {
            if let socket = LocalPort.connect(listener.port) { return Connection(socket) }
            usleep(100_000)
        }
        throw Refused()
    }

    private struct Refused: Error {}

    /// An association and its P-DATA-TF PDUs: kind 1 a command, 2 the last, 4 bytes as they are, 8 with the next in one PDU; 16 the
    /// next part, which is sent when an answer came.
    private static func parts(_ input: ArraySlice<UInt8>) -> [[UInt8]] {
        var parts = [association, []]
        var values: [PDU.PDV] = []
        var rest = input
        while rest.count >= 4 {
            let (kind, context) = (rest[rest.startIndex], rest[rest.startIndex + 1])
            let length = Int(rest[rest.startIndex + 2]) << 8 | Int(rest[rest.startIndex + 3])
            let value = Array(rest.dropFirst(4).prefix(length))
            rest = rest.dropFirst(4 + length)
            if kind & 4 != 0 {
                parts[parts.count - 1] += value
            } else {
                values.append(PDU.PDV(context, PDU.PDV.Kind(rawValue: kind & 3) ?? .data, value))
                if kind & 8 != 0 { continue }
                parts[parts.count - 1] += PDU.data(values)
                values = []
            }
            // An answer that does not come is waited for: not too often.
            if kind & 16 != 0, parts.count < 8 { parts.append([]) }
        }
        return parts
    }
}
