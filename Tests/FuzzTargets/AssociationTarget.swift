import ArchiveSCP
import DICOM
import DICOMNetwork
import TestSupport
import Threads

/// What a peer sends to the C-STORE port, over a connection of its own.
///
/// The first byte of an input says what the others are: the stream as it is; or the values of an association that was made
/// as it should be, each with a byte for its kind, one for its context and two for its length.
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
        let values = [
            value(3, 1, PDU.command(0x0030)), value(3, 3, store) + value(2, 3, set),
            value(1, 3, Array(store[..<40])) + value(3, 3, Array(store[40...])) + value(0, 3, Array(set[..<100]))
                + value(2, 3, Array(set[100...])) + value(4, 0, PDU.release),
            value(11, 3, store) + value(2, 3, set),
        ]
        return streams.map { [0] + $0 } + values.map { [1] + $0 }
    }

    private static func value(_ kind: UInt8, _ context: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        [kind, context, UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)] + bytes
    }

    func problems(with input: [UInt8]) throws -> [String] {
        guard let mode = input.first else { return [] }
        let bytes = mode & 1 == 0 ? Array(input.dropFirst()) : Self.stream(input.dropFirst())
        var problems: [String] = []
        let connection = try connect()
        connection.send(bytes)
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

    private func connect() throws -> Connection {
        guard let socket = LocalPort.connect(listener.port) else { throw Refused() }
        return Connection(socket)
    }

    private struct Refused: Error {}

    /// An association and its P-DATA-TF PDUs: kind 1 a command, 2 the last, 4 bytes as they are, 8 with the next in one PDU.
    private static func stream(_ input: ArraySlice<UInt8>) -> [UInt8] {
        var stream = PDU.associate([.verification, .ct])
        var values: [PDU.PDV] = []
        var rest = input
        while rest.count >= 4 {
            let (kind, context) = (rest[rest.startIndex], rest[rest.startIndex + 1])
            let length = Int(rest[rest.startIndex + 2]) << 8 | Int(rest[rest.startIndex + 3])
            let value = Array(rest.dropFirst(4).prefix(length))
            rest = rest.dropFirst(4 + length)
            if kind & 4 != 0 {
                stream += value
            } else {
                values.append(PDU.PDV(context, PDU.PDV.Kind(rawValue: kind & 3) ?? .data, value))
                if kind & 8 != 0 { continue }
                stream += PDU.data(values)
                values = []
            }
        }
        return stream
    }
}
