import DICOMNetwork
import Glibc
import TestSupport
import Testing
import Threads

/// Instances and responses on their way to a peer.
@Suite struct SendingTests {
    private static let image = "1.2.840.10008.5.1.4.1.1.7"
    private static let syntax = "1.2.840.10008.1.2.1"
    private static let find = "1.2.840.10008.5.1.4.1.2.2.1"

    /// Bytes in pieces, and perhaps a failure behind them.
    private struct Outgoing: OutgoingInstance {
        struct Failure: Error {}

        var bytes: [UInt8]
        var fails = false
        var isAtHand = false
        /// Called before the last of several pieces.
        var beforeLast: () -> Void = {}
        let sopClassUID = image
        let sopInstanceUID = "1.2.3"
        let transferSyntaxUID = syntax

        func canBecome(_ transferSyntaxUID: String) -> Bool { transferSyntaxUID == syntax }

        func isAtHand(as transferSyntaxUID: String) -> Bool { isAtHand && transferSyntaxUID == syntax }

        func read(as transferSyntaxUID: String, _ body: (RawSpan) throws -> Void) throws {
            for start in stride(from: 0, to: bytes.count, by: 200_000) {
                if start > 0, start + 200_000 >= bytes.count { beforeLast() }
                try bytes[start..<min(bytes.count, start + 200_000)].withUnsafeBytes { try body($0.bytes) }
            }
            if fails { throw Failure() }
        }
    }

    private func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) } }

    private func associate(_ port: Int, _ uid: String) throws -> ServiceUser {
        try ServiceUser(
            RequestedAssociation(
                calling: "TEST", called: "DICOMFS", host: "127.0.0.1", port: port,
                contexts: [ProposedContext(uid, [Self.syntax])]))
    }

    private func isUnreadable(_ outcome: StoreOutcome) -> Bool { if case .unreadable = outcome { true } else { false } }

    @Test(arguments: [4096, 16384, 131_072])
    func `an instance that cannot be read costs the association nothing, and others arrive byte for byte`(
        longest: Int
    ) throws {
        let provider = RecordingProvider()
        let running = try RunningListener(provider) { $0.maximumPDULength = longest }
        let user = try associate(running.port, Self.image)
        let sent = [0, 1, 300_000, 526_000, 5 << 20].map { bytes($0) }
        for bytes in sent {
            #expect(isUnreadable(try user.store(Outgoing(bytes: Array(bytes.prefix(3 << 20)), fails: true))))
            var isCalled = false
            let outcome = try user.store(Outgoing(bytes: bytes)) { isCalled = $0 == Self.syntax }
            guard case .answered(.success, _) = outcome else {
                Issue.record("\(outcome)")
                continue
            }
            #expect(isCalled)
        }
        user.release()
        #expect(provider.instances.map(\.bytes.count) == sent.map(\.count))
        #expect(zip(provider.instances, sent).allSatisfy { $0.bytes == $1 && $0.isFinished })
        #expect(try provider.nextSummary().ending == "released")
    }

    @Test func `what is at hand is on its way before it is read to its end, and arrives byte for byte`() throws {
        let provider = RecordingProvider()
        let running = try RunningListener(provider)
        let user = try associate(running.port, Self.image)
        let sent = [0, 1, 3 << 20].map { bytes($0) }
        for bytes in sent {
            var instance = Outgoing(bytes: bytes)
            instance.isAtHand = true
            instance.beforeLast = {
                for _ in 0..<6000 where provider.instances.last?.isFinished != false { usleep(10_000) }
                #expect(provider.instances.last?.isFinished == false)
            }
            guard case .answered(.success, _) = try user.store(instance) else {
                Issue.record("not answered")
                continue
            }
        }
        user.release()
        #expect(provider.instances.map(\.bytes) == sent)
    }

    @Test func `one that cannot be read after much was sent ends the association`() throws {
        let provider = RecordingProvider()
        let running = try RunningListener(provider)
        let user = try associate(running.port, Self.image)
        #expect(throws: AssociationEnd.self) { try user.store(Outgoing(bytes: bytes(5 << 20), fails: true)) }
        user.abort()
        #expect(try provider.nextSummary().stored == 0)
        #expect(provider.instances.allSatisfy { $0.isAbandoned })
    }

    @Test func `matches arrive in order, those that are found in a row and those that take their time`() throws {
        let provider = RecordingProvider(decision: .accept([.find])) { operation in
            for number in 0..<3000 {
                if number % 1000 == 999 { usleep(5000) }
                _ = try operation.isCancelled()
                try operation.respond(OperationResult(.pending, identifier: Array("\(number) ".utf8.prefix(4))))
            }
            return OperationResult(.success)
        }
        let running = try RunningListener(provider)
        let user = try associate(running.port, Self.find)
        var matches: [[UInt8]] = []
        let last = try user.perform(.find, .init(sopClassUID: Self.find, identifier: [0, 0])) {
            matches.append($0.identifier ?? [])
            return true
        }
        user.release()
        #expect(last.status == .success)
        #expect(matches == (0..<3000).map { Array("\($0) ".utf8.prefix(4)) })
        #expect(try provider.nextSummary().matches == 3000)
    }

    /// What has come of a C-CANCEL for another request, or of an answer with a data set, in pieces.
    static let halves: [String: (first: [UInt8], rest: [UInt8])] = {
        let cancel = PDU.command(0x0FFF)
        let whole = PDU.data([.init(5, .command, cancel)])
        return [
            "half a header": (Array(whole.prefix(3)), Array(whole.dropFirst(3))),
            "half a PDU": (Array(whole.dropLast(9)), Array(whole.suffix(9))),
            "half a command": (
                PDU.data([.init(5, .commandFragment, Array(cancel.prefix(20)))]),
                PDU.data([.init(5, .command, Array(cancel.dropFirst(20)))])
            ),
        ]
    }()

    @Test(arguments: halves.keys.sorted())
    func `what has come in half does not hold up a search, and is read after it`(name: String) throws {
        let asked = Gate()
        let provider = RecordingProvider(decision: .accept([.find, .echo])) { operation in
            asked.wait()
            for _ in 0..<3 {
                if try operation.isCancelled() { return OperationResult(.cancelled) }
                try operation.respond(OperationResult(.pending, identifier: [1, 1]))
            }
            return OperationResult(.success)
        }
        // Who waits for the other half ends the association.
        let running = try RunningListener(provider) { $0.idleSeconds = 2 }
        let peer = try Peer(running)
        try peer.associate([.verification, PDU.Context(5, Self.find, Self.syntax)])
        let (first, rest) = try #require(Self.halves[name])
        let request = PDU.command(0x0020, hasDataSet: true, sopClass: Self.find)
        try peer.send(PDU.data([.init(5, .command, request), .init(5, .lastData, [0, 0])]) + first)
        asked.open()
        for _ in 0..<3 {
            #expect(try peer.receiveCommand()[0x0900] == [0x00, 0xFF])
            #expect(try peer.receive()?.type == 4)
        }
        #expect(try peer.receiveCommand()[0x0900] == [0, 0])
        try peer.send(rest + PDU.data([.init(1, .command, PDU.command(0x0030))]))
        #expect(try peer.receiveCommand()[0x0100] == [0x30, 0x80])
        try peer.send(PDU.release)
        #expect(try peer.drain() == [6])
    }

    private func associate(narrow port: Int) throws -> ServiceUser {
        var wanted = RequestedAssociation(
            calling: "TEST", called: "NARROW", host: "127.0.0.1", port: port,
            contexts: [ProposedContext(Self.image, [Self.syntax])])
        wanted.idleSeconds = 4
        return try ServiceUser(wanted)
    }

    @Test func `who takes an instance slowly gets it, though that takes longer than a peer may be silent`() throws {
        let bytes = bytes(4 << 20)
        let peer = try HostileAcceptor(isNarrow: true) { peer in
            peer.accept([(1, 0, Self.syntax)])
            // C-STORE-RSP to message 1 comes at once: only what is sent is slow.
            let answer = PDU.command(0x8001) + [0, 0, 0x20, 1, 2, 0, 0, 0, 1, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 0]
            peer.send(PDU.data([.init(1, .command, answer)]))
            _ = peer.readSlowly(bytes.count, parts: 100, pause: 80_000)
            peer.drain()
        }
        let user = try associate(narrow: peer.port)
        guard case .answered(.success, _) = try user.store(Outgoing(bytes: bytes)) else {
            Issue.record("not answered")
            return
        }
        user.abort()
    }

    @Test func `who takes nothing of an instance is told of as that`() throws {
        let ended = Gate()
        let peer = try HostileAcceptor(isNarrow: true) { peer in
            peer.accept([(1, 0, Self.syntax)])
            ended.wait()
        }
        defer { ended.open() }
        let user = try associate(narrow: peer.port)
        let end = #expect(throws: AssociationEnd.self) { try user.store(Outgoing(bytes: bytes(4 << 20))) }
        #expect(end?.description == "peer takes nothing for too long")
    }

    @Test func `a match is on its way while the search goes on`() throws {
        let provider = RecordingProvider(decision: .accept([.find])) { operation in
            try operation.respond(OperationResult(.pending, identifier: [1, 1]))
            try operation.respond(OperationResult(.pending, identifier: [2, 2]))
            // Until the peer, which has both, wants no more.
            for _ in 0..<6000 {
                if try operation.isCancelled() { return OperationResult(.cancelled) }
                usleep(10_000)
            }
            return OperationResult(.success)
        }
        let running = try RunningListener(provider)
        let user = try associate(running.port, Self.find)
        var count = 0
        let last = try user.perform(.find, .init(sopClassUID: Self.find, identifier: [0, 0])) { _ in
            count += 1
            return count < 2
        }
        #expect(last.status == .cancelled)
        user.release()
    }
}
