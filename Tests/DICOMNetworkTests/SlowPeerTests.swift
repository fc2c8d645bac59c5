import DICOMNetwork
import Glibc
import Synchronization
import TestSupport
import Testing
import Threads

/// Instances on their way to a peer that takes them slowly, and the end of that.
@Suite struct SlowPeerTests {
    private static let image = "1.2.840.10008.5.1.4.1.1.7"
    private static let syntax = "1.2.840.10008.1.2.1"
    private static let get = "1.2.840.10008.5.1.4.1.2.2.3"

    /// Zeros.
    private struct Outgoing: OutgoingInstance {
        let count: Int
        let sopClassUID = image
        let sopInstanceUID = "1.2.3"
        let transferSyntaxUID = syntax

        func canBecome(_ transferSyntaxUID: String) -> Bool { transferSyntaxUID == syntax }

        func read(as transferSyntaxUID: String, _ body: (RawSpan) throws -> Void) throws {
            let piece = [UInt8](repeating: 0, count: 1 << 18)
            for _ in 0..<count / piece.count { try body(piece.span.bytes) }
        }
    }

    /// What a peer has got.
    private final class Got: Sendable {
        private let state = Mutex<(bytes: Int, types: [UInt8])>((0, []))
        let ended = Gate()

        func add(_ pdu: (type: UInt8, body: [UInt8])) {
            state.withLock {
                $0.bytes += pdu.body.count
                if $0.types.last != pdu.type { $0.types.append(pdu.type) }
            }
        }

        var bytes: Int { state.withLock { $0.bytes } }
        /// Of its PDUs, without those that are of the same type as the one before.
        var types: [UInt8] { state.withLock { $0.types } }
    }

    private func associate(
        _ port: Int, idleSeconds: Int = 60, isStopping: @escaping @Sendable () -> Bool = { false }
    ) throws -> ServiceUser {
        var wanted = RequestedAssociation(
            calling: "TEST", called: "SLOW", host: "127.0.0.1", port: port,
            contexts: [ProposedContext(Self.image, [Self.syntax])])
        wanted.idleSeconds = idleSeconds
        wanted.isStopping = isStopping
        return try ServiceUser(wanted)
    }

    @Test func `an instance that nobody wants any more is not sent to its end to who takes it steadily`() throws {
        let got = Got()
        let peer = try HostileAcceptor { peer in
            peer.accept([(1, 0, Self.syntax)])
            while let pdu = peer.receive() {
                got.add(pdu)
                usleep(500)
            }
            got.ended.open()
        }
        do {
            let user = try associate(peer.port) { got.bytes > 1 << 20 }
            let end = try #require(throws: AssociationEnd.self) { try user.store(Outgoing(count: 64 << 20)) }
            #expect(end.description == "ended by us")
            user.conclude(end)
        }
        #expect(got.ended.wait(milliseconds: 60_000))
        #expect(got.types == [4, 7])
        #expect(got.bytes < 32 << 20)
    }

    /// A listener that answers a C-GET with an instance, and who has asked for that.
    private func getting(_ count: Int) throws -> (RunningListener, Peer) {
        let provider = RecordingProvider(decision: .accept([.get])) { operation in
            _ = try operation.send(Outgoing(count: count))
            return OperationResult(.success)
        }
        let running = try RunningListener(provider) { $0.idleSeconds = 600 }
        let peer = try Peer(running)
        peer.narrow()
        let contexts = [PDU.Context(1, Self.get, Self.syntax), PDU.Context(3, Self.image, Self.syntax)]
        let role = [0, UInt8(Self.image.utf8.count)] + Array(Self.image.utf8) + [0, 1]
        let user = PDU.item(0x51, PDU.big32(16384)) + PDU.item(0x54, role)
        try peer.send(PDU.associate(items: contexts.flatMap(\.item) + PDU.item(0x50, user)))
        #expect(try peer.receive()?.type == 2)
        let request = PDU.command(0x0010, hasDataSet: true, sopClass: Self.get)
        try peer.send(PDU.data([.init(1, .command, request), .init(1, .lastData, [0, 0])]))
        #expect(try peer.receiveCommand()[0x0100] == [1, 0])
        return (running, peer)
    }

    @Test func `stopping ends a C-GET in the middle of an instance`() throws {
        let (running, peer) = try getting(64 << 20)
        let got = Got()
        var isStopped = false
        while let pdu = try peer.receive() {
            got.add(pdu)
            usleep(500)
            guard !isStopped, got.bytes > 1 << 20 else { continue }
            running.listener.stop()
            isStopped = true
        }
        #expect(got.types == [4, 7])
        #expect(got.bytes < 32 << 20)
    }

    @Test func `who takes a few bytes now and then does not hold up the end of a listener`() throws {
        let (running, peer) = try getting(4 << 20)
        let ended = Gate()
        Thread.start {
            try? peer.trickle(500, pause: 100_000)
            ended.open()
        }
        #expect(running.stop())
        peer.reset()
        ended.wait()
    }

    @Test func `who takes less than the system tells of is slow, but not silent`() throws {
        let ended = Gate()
        let peer = try HostileAcceptor { peer in
            peer.narrow()
            peer.accept([(1, 0, Self.syntax)])
            // C-STORE-RSP to message 1 comes at once: only what is sent is slow.
            let answer = PDU.command(0x8001) + [0, 0, 0x20, 1, 2, 0, 0, 0, 1, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 0]
            peer.send(PDU.data([.init(1, .command, answer)]))
            while !ended.wait(milliseconds: 400), peer.readSlowly(40_000, parts: 1, pause: 0) > 0 {}
        }
        defer { ended.open() }
        let user = try associate(peer.port, idleSeconds: 3)
        guard case .answered(.success, _) = try user.store(Outgoing(count: 4 << 20)) else {
            Issue.record("not answered")
            return
        }
    }

    @Test func `an answer that comes byte by byte does not keep an association that nobody wants any more`() throws {
        let stopped = Gate()
        let ended = Gate()
        let sent = Mutex(0)
        let peer = try HostileAcceptor { peer in
            peer.accept([(1, 0, Self.syntax)])
            // The command and the data set.
            for _ in 0..<2 { _ = peer.receive() }
            peer.send(PDU.pdu(4, [], length: 10_000))
            while !peer.isReadable, sent.withLock({ $0 }) < 400 {
                peer.send([0])
                sent.withLock { $0 += 1 }
                stopped.open()
            }
            ended.open()
        }
        let user = try associate(peer.port) { stopped.wait(milliseconds: 0) }
        let end = try #require(throws: AssociationEnd.self) { try user.store(Outgoing(count: 0)) }
        user.conclude(end)
        ended.wait()
        #expect(sent.withLock { $0 } < 400)
    }

    @Test func `an association that nobody wants any more is aborted, and not asked to be released before`() throws {
        let got = Got()
        let stopped = Gate()
        let peer = try HostileAcceptor { peer in
            peer.accept([(1, 0, Self.syntax)])
            while let pdu = peer.receive() { got.add(pdu) }
            got.ended.open()
        }
        do {
            let user = try associate(peer.port) { stopped.wait(milliseconds: 0) }
            stopped.open()
            user.release()
        }
        #expect(got.ended.wait(milliseconds: 60_000))
        #expect(got.types == [7])
    }
}
