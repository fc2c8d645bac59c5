import ArchiveControl
import DICOMArchive
import Foundation
import Glibc
import TestSupport
import Threads

/// What another program of the same user sends to the control socket.
///
/// The first byte of an input says what the others are: bit 0 the stream as it is, else messages between line feeds, which get
/// their lengths; what follows a NUL is in an open file that goes with the first message or, bit 1, comes over a socket.
final class ControlTarget: FuzzTarget {
    private let test: FuzzedArchive
    private let server: ControlServer
    private let path: String
    private var rounds = 0

    init() throws {
        test = try FuzzedArchive()
        let server = try ControlServer(archive: test.archive)
        self.server = server
        path = ArchiveFolder.controlSocket(of: test.folder.appending("archive"))
        Thread.start { server.run() }
    }

    deinit { server.stop() }

    static var seeds: [[UInt8]] {
        let requests: [ControlRequest] = [
            .list(level: .instance, under: nil), .show(id: "1.2.3"), .files(id: "1.2.3.4.5", allVersions: true),
            .write(node: 1 << 60, name: "a.dcm"), .delete(id: "1.2.3"), .statistics, .verify(VerificationScope()),
            .sweep,
            .checkpoint, .release, .watch, .live,
        ]
        let image = Array(repeating: 0, count: 128) + Array("DICM".utf8) + DataSetBuilder.image().bytes
        let frames = PDU.big32(image.count) + image + PDU.big32(0)
        return requests.map { [0] + json($0) } + [
            [0] + json(.importFile(name: "a.dcm")) + [0] + image,
            [2] + json(.importStream(name: "a.zip:a.dcm")) + [0] + frames,
            [0] + json(.checkpoint) + [0x0A] + json(.release) + [0x0A] + json(.statistics),
            [1, 0, 0, 0, 2] + Array("{}".utf8),
        ]
    }

    private static func json(_ request: ControlRequest) -> [UInt8] {
        (try? JSONEncoder().encode(request)).map { Array($0) } ?? []
    }

    func problems(with input: [UInt8]) throws -> [String] {
        guard let mode = input.first else { return [] }
        let parts = input.dropFirst().split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        var bytes = Array(input.dropFirst())
        if mode & 1 == 0 {
            bytes = parts[0].split(separator: 0x0A).flatMap { PDU.big32($0.count) + $0 }
        }
        let connection = Connection(try ControlSocket.connect(path))
        // What the other end does not take any more is its right.
        func send(_ file: Int32?) { try? ControlSocket.send(bytes, file: file, to: connection.socket) }
        if mode & 1 == 0, parts.count > 1, !bytes.isEmpty {
            try withFile(Array(parts[1]), isSocket: mode & 2 != 0, send)
        } else {
            send(nil)
        }
        guard let answer = connection.finish() else { return ["the connection does not end"] }
        rounds += 1
        if rounds % 64 == 0 { try test.empty() }
        return Self.isAnswer(answer) ? [] : ["the answer is no row of events"]
    }

    private func withFile(_ bytes: [UInt8], isSocket: Bool, _ body: (Int32) -> Void) throws {
        if isSocket {
            var ends: [Int32] = [-1, -1]
            socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends)
            let writer = Connection(ends[0])
            body(ends[1])
            close(ends[1])
            writer.send(bytes)
        } else {
            let file = open(try test.folder.write("input.dcm", bytes), O_RDWR | O_CLOEXEC)
            body(file)
            close(file)
        }
    }

    private static func isAnswer(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            let event = rest.dropFirst(4).prefix(length)
            guard event.count == length, (try? JSONDecoder().decode(ControlEvent.self, from: Data(event))) != nil else {
                return false
            }
            rest = rest.dropFirst(4 + length)
        }
        return true
    }
}
