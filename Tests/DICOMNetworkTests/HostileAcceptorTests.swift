import DICOMNetwork
import TestSupport
import Testing

/// An association that we ask a hostile peer for, and requests over it, end with a sentence: without a crash, and not never.
@Suite struct HostileAcceptorTests {
    /// What the peer does, and what is said of it.
    struct Act: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let sentence: String
        let act: @Sendable (HostileAcceptor.Connected) throws -> Void

        init(_ name: String, _ sentence: String, _ act: @escaping @Sendable (HostileAcceptor.Connected) throws -> Void)
        {
            testDescription = name
            self.sentence = sentence
            self.act = act
        }

        /// Answers the association request with these bytes.
        init(_ name: String, answers bytes: [UInt8], _ sentence: String) {
            self.init(name, sentence) {
                _ = $0.receive()
                $0.send(bytes)
            }
        }

        /// Accepts verification, and answers the echo with these bytes.
        init(echoed name: String, answers bytes: [UInt8], _ sentence: String) {
            self.init(name, sentence) {
                $0.accept()
                _ = $0.receive()
                $0.send(bytes)
                $0.drain()
            }
        }
    }

    private static func wanted(_ port: Int) -> RequestedAssociation {
        var wanted = RequestedAssociation(
            calling: "DICOMFS", called: "HOSTILE", host: "127.0.0.1", port: port,
            contexts: [ProposedContext("1.2.840.10008.1.1", ["1.2.840.10008.1.2"])])
        // Of those that never say anything.
        wanted.connectSeconds = 1
        wanted.idleSeconds = 1
        return wanted
    }

    private static let some = [UInt8](repeating: 7, count: 1000)
    private static func reject(_ result: UInt8, _ source: UInt8, _ reason: UInt8) -> [UInt8] {
        PDU.pdu(3, [0, result, source, reason])
    }

    static let beforeAssociation: [Act] = [
        Act("closes at once", "the peer closes the connection instead of answering the association request") { _ in },
        Act("closes after the request", answers: [], "the peer closes the connection instead of answering"),
        Act("never answers", "the peer does not answer the association request") {
            _ = $0.receive()
            $0.drain()
        },
        Act("stops within the answer", "the peer does not answer the association request") {
            _ = $0.receive()
            $0.send(Array(HostileAcceptor.accept([(1, 0, "1.2.840.10008.1.2")]).dropLast(5)))
            $0.drain()
        },
        Act(
            "speaks HTTP", answers: Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8),
            "the peer's answer has 1414541105 bytes"),
        Act(
            "claims an answer of 4 GB", answers: PDU.pdu(2, some, length: 0xFFFF_FFFF),
            "the peer's answer has 4294967295 bytes"),
        Act("sends data before its answer", answers: PDU.data([PDU.store()]), "the peer does not speak DICOM"),
        Act("answers with a request", answers: PDU.associate([.verification]), "the peer does not speak DICOM"),
        Act("sends an empty answer", answers: PDU.pdu(2, []), "a malformed answer to the association request"),
        Act("sends an answer of noise", answers: PDU.pdu(2, some), "a malformed"),
        Act("sends an empty rejection", answers: PDU.pdu(3, []), "the peer does not speak DICOM"),
        Act("aborts", answers: PDU.abort, "the peer aborts the association request"),
        Act(
            "has another AE title", answers: reject(1, 1, 7),
            "the peer rejects the association: it has another AE title"),
        Act(
            "does not know us", answers: reject(1, 1, 3),
            "the peer rejects the association: our AE title is not recognized"),
        Act("has no room", answers: reject(2, 3, 2), "the peer rejects the association: it has too many associations"),
        Act(
            "rejects for a reason there is not", answers: reject(9, 9, 9),
            "the peer rejects the association: no reason given"),
    ]

    @Test(arguments: beforeAssociation)
    func `a peer that gives no association is told of in a sentence`(act: Act) throws {
        let peer = try HostileAcceptor(act.act)
        let failure = try #require(throws: AssociationFailure.self) { try ServiceUser(Self.wanted(peer.port)) }
        #expect(failure.description.hasPrefix(act.sentence), "\(failure)")
    }

    @Test(
        arguments: [
            // Not proposed.
            [(3, 0, "1.2.840.10008.1.2")], [(1, 0, "1.2.840.10008.1.2.1")], [(1, 0, "")], [(0, 0, "1.2.840.10008.1.2")],
            // Not accepted.
            [(1, 3, "1.2.840.10008.1.2")], [(1, 200, "1.2.840.10008.1.2")], [],
        ] as [[(UInt8, UInt8, String)]])
    func `a context that was not proposed, or not accepted, is none`(contexts: [(UInt8, UInt8, String)]) throws {
        let peer = try HostileAcceptor { peer in
            peer.accept(contexts.map { (id: $0.0, result: $0.1, transferSyntax: $0.2) })
            peer.drain()
        }
        let user = try ServiceUser(Self.wanted(peer.port))
        #expect(user.contexts.isEmpty)
        let end = try #require(throws: AssociationEnd.self) { try user.echo() }
        #expect(end.description == "the peer does not accept this service")
        user.conclude(end)
    }

    @Test func `a context that is accepted twice is one`() throws {
        let peer = try HostileAcceptor { peer in
            peer.accept([(1, 0, "1.2.840.10008.1.2"), (1, 0, "1.2.840.10008.1.2")])
            peer.drain()
        }
        let user = try ServiceUser(Self.wanted(peer.port))
        #expect(user.contexts.map(\.id) == [1])
        user.abort()
    }

    /// C-ECHO-RSP to message 7, which nobody asked for.
    private static let otherAnswer = PDU.data([.init(1, .command, PDU.command(0x8030))])

    static let duringRequest: [Act] = [
        Act("closes", "connection closed by the peer") { $0.accept() },
        Act("never answers", "peer silent for too long") {
            $0.accept()
            $0.drain()
        },
        Act(echoed: "aborts", answers: PDU.abort, "aborted by the peer"),
        Act(echoed: "releases", answers: PDU.release, "released"),
        Act(
            echoed: "answers what was not asked", answers: otherAnswer,
            "protocol error: a response to nothing that was asked"),
        Act(
            echoed: "asks instead of answering", answers: PDU.data([.init(1, .command, PDU.command(0x0030))]),
            "protocol error: a request, where a response was due"),
        Act(
            echoed: "answers with noise", answers: PDU.data([.init(1, .command, some)]),
            "protocol error: a command set that cannot be read"),
        Act(
            echoed: "answers on a context that there is not",
            answers: PDU.data([.init(9, .command, PDU.command(0x8030))]),
            "protocol error: a command on a presentation context that was not accepted"),
        Act(
            echoed: "answers with a data set only", answers: PDU.data([.init(1, .lastData, some)]),
            "protocol error: a data set without a command"),
        Act(
            echoed: "claims data of 4 GB", answers: PDU.pdu(4, some, length: 0xFFFF_FFFF),
            "protocol error: a PDU of 4294967295 bytes, where 131072 were offered"),
        Act(
            echoed: "answers with a value of length 0", answers: PDU.pdu(4, [0, 0, 0, 0]),
            "protocol error: a presentation data value of 0 bytes"),
        Act(
            echoed: "accepts again", answers: HostileAcceptor.accept([(1, 0, "1.2.840.10008.1.2")]),
            "protocol error: a PDU of type 2"),
        Act(
            echoed: "sends a PDU of no type", answers: [0x99, 0, 0, 0, 0, 4, 0, 0, 0, 0],
            "protocol error: a PDU of type 153"),
    ]

    @Test(arguments: duringRequest)
    func `a peer that does not answer a request is told of in a sentence`(act: Act) throws {
        let peer = try HostileAcceptor(act.act)
        let user = try ServiceUser(Self.wanted(peer.port))
        let end = try #require(throws: AssociationEnd.self) { try user.echo() }
        #expect(end.description.hasPrefix(act.sentence), "\(end)")
        user.conclude(end)
    }

    @Test func `a C-CANCEL has Message ID Being Responded To, and no Message ID`() throws {
        let answer = PDU.command(0x8020) + [0, 0, 0x20, 1, 2, 0, 0, 0, 1, 0, 0, 0, 0, 9, 2, 0, 0, 0]
        let peer = try HostileAcceptor { peer in
            peer.accept()
            // The request, and its identifier.
            _ = (peer.receive(), peer.receive())
            peer.send(PDU.data([.init(1, .command, answer + [0x00, 0xFF])]))
            // Command Group Length, Command Field, Message ID Being Responded To, Command Data Set Type.
            let cancel =
                PDU.element(0x0000, [30, 0, 0, 0]) + PDU.element(0x0100, [0xFF, 0x0F]) + PDU.element(0x0120, [1, 0])
                + PDU.element(0x0800, [1, 1])
            let isRight = peer.receive()?.body == PDU.PDV(1, .command, cancel).bytes
            peer.send(PDU.data([.init(1, .command, answer + (isRight ? [0x00, 0xFE] : [0x10, 0x01]))]))
            peer.drain()
        }
        let find = "1.2.840.10008.5.1.4.1.2.2.1"
        var wanted = Self.wanted(peer.port)
        wanted.contexts = [ProposedContext(find, ["1.2.840.10008.1.2"])]
        let user = try ServiceUser(wanted)
        let last = try user.perform(.find, .init(sopClassUID: find, identifier: [0, 0])) { _ in false }
        #expect(last.status == .cancelled)
        user.abort()
    }

    @Test func `a peer that never answers the release does not hold us`() throws {
        let peer = try HostileAcceptor { peer in
            peer.accept()
            peer.drain()
        }
        try ServiceUser(Self.wanted(peer.port)).release()
    }
}
