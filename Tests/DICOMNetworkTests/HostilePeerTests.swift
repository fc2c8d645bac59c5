import DICOMNetwork
import TestSupport
import Testing

/// What a peer does, and how its association is said to have ended.
struct HostilePeer: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let contexts: [PDU.Context]
    let ending: String
    let act: @Sendable (Peer) throws -> Void

    /// One that has no association.
    init(_ name: String, _ ending: String, _ act: @escaping @Sendable (Peer) throws -> Void) {
        testDescription = name
        contexts = []
        self.ending = "no association: \(ending)"
        self.act = act
    }

    /// One that has an association for CT and, on context 5, MR; and verification on 1.
    init(associated name: String, _ ending: String, _ act: @escaping @Sendable (Peer) throws -> Void) {
        testDescription = name
        contexts = [.verification, .ct, PDU.Context(5, "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.1.2.1")]
        self.ending = ending
        self.act = act
    }

    /// One that sends these bytes.
    init(_ name: String, sends bytes: [UInt8], _ ending: String) {
        self.init(name, ending) { _ = try $0.send(bytes) }
    }

    init(associated name: String, sends bytes: [UInt8], _ ending: String) {
        self.init(associated: name, ending) { _ = try $0.send(bytes) }
    }

    static let some = [UInt8](repeating: 7, count: 1000)

    static let all: [HostilePeer] = [
        .init("opens and closes", "connection closed before the association request") { $0.endSending() },
        .init("resets at once", "connection closed before the association request") { $0.reset() },
        .init(
            "speaks HTTP", sends: Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8),
            "not an association request: the first byte is 47 hexadecimal"),
        .init(
            "speaks TLS", sends: [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3],
            "not an association request: the first byte is 16 hexadecimal"),
        .init(
            "begins with data", sends: PDU.data([PDU.store()]),
            "not an association request: the first byte is 4 hexadecimal"),
        .init(
            "claims a request of 4 GB", sends: PDU.pdu(1, some, length: 0xFFFF_FFFF),
            "an association request of 4294967295 bytes"),
        .init("sends an empty request", sends: PDU.pdu(1, []), "an association request of another protocol version"),
        .init("stops within the request", "connection closed within the association request") {
            _ = try $0.send(Array(PDU.associate([.ct]).dropLast(10)))
            $0.endSending()
        },
        .init(
            "proposes 200 contexts", sends: PDU.associate((1...200).map { PDU.Context($0, PDU.ctClass, "1.2") }),
            "more than 128 presentation contexts"),
        .init(
            "proposes no context", sends: PDU.associate([]), "an association request without presentation contexts"),
        .init(
            "proposes no transfer syntax",
            sends: PDU.associate(items: PDU.item(0x20, [1, 0, 0, 0] + PDU.item(0x30, PDU.ctClass))),
            "a presentation context without a transfer syntax"),
        .init(
            "names an abstract syntax of 65 characters",
            sends: PDU.associate([PDU.Context(1, String(repeating: "1", count: 65), "1.2.840.10008.1.2")]),
            "a UID of more than 64 characters"),
        .init(
            "names a transfer syntax of 60000 characters",
            sends: PDU.associate([PDU.Context(1, PDU.ctClass, String(repeating: "1", count: 60000))]),
            "a UID of more than 64 characters"),
        .init(
            "sends an item longer than the request", sends: PDU.associate(items: [0x20, 0, 0xFF, 0xFF, 1, 0, 0, 0]),
            "a malformed association request"),
        .init(
            "sends half an item", sends: PDU.associate(items: [0x50, 0, 0]), "a malformed association request"),
        .init(
            "takes PDUs of 15 bytes", sends: PDU.associate([.ct], maximumLength: 15),
            "the peer takes PDUs of 15 bytes only, which hold next to nothing"),
        .init(
            "sends half a maximum length", sends: PDU.associate(items: PDU.item(0x50, PDU.item(0x51, [0, 0]))),
            "a malformed association request"),

        .init(associated: "sends a PDU of no type", sends: [0x99, 0, 0, 0, 0, 4, 0, 0, 0, 0], "protocol error: "),
        .init(
            associated: "claims data of 4 GB", sends: PDU.pdu(4, some, length: 0xFFFF_FFFF),
            "protocol error: a PDU of 4294967295 bytes, where 131072 were offered"),
        .init(associated: "claims a release of 4 GB", sends: PDU.pdu(5, some, length: 0xFFFF_FFFF), "protocol error: "),
        .init(associated: "claims an abort of 4 GB", sends: PDU.pdu(7, some, length: 0xFFFF_FFFF), ""),
        .init(
            associated: "sends a value longer than its PDU", sends: PDU.data([.init(3, .command, some, length: 5000)]),
            "protocol error: a presentation data value of 5000 bytes in a PDU that has 1006 left"),
        .init(
            associated: "sends a value of 4 GB", sends: PDU.data([.init(3, .command, some, length: 0xFFFF_FFFF)]),
            "protocol error: a presentation data value of 4294967295 bytes in a PDU that has 1006 left"),
        .init(
            associated: "sends a value of length 0", sends: PDU.pdu(4, [0, 0, 0, 0]),
            "protocol error: a presentation data value of 0 bytes in a PDU that has 4 left"),
        .init(
            associated: "sends a value of length 1", sends: PDU.pdu(4, [0, 0, 0, 1, 3]),
            "protocol error: a presentation data value of 1 bytes in a PDU that has 5 left"),
        .init(
            associated: "sends data without a value", sends: PDU.pdu(4, []),
            "protocol error: a PDU of data without a value"),
        .init(
            associated: "associates twice", sends: PDU.associate([.ct]), "protocol error: "),
        .init(associated: "accepts what was not asked", sends: PDU.pdu(2, some), "protocol error: "),
        .init(associated: "answers a release not asked", sends: PDU.pdu(6, [0, 0, 0, 0]), "protocol error: "),

        .init(
            associated: "sends a data set without a command", sends: PDU.data([.init(3, .lastData, some)]),
            "protocol error: a data set without a command"),
        .init(
            associated: "sends a command on a context nobody proposed",
            sends: PDU.data([.init(9, .command, PDU.command(0x0030))]),
            "protocol error: a command on a presentation context that was not accepted"),
        .init(associated: "sends a command without end", "protocol error: a command set of more than 65536 bytes") {
            peer in
            for _ in 0..<100 where try !peer.send(PDU.data([.init(3, .commandFragment, some)])) { break }
        },
        .init(
            associated: "divides a command between contexts",
            sends: PDU.data([.init(3, .commandFragment, some), .init(5, .command, some)]),
            "protocol error: a command on two presentation contexts"),
        .init(
            associated: "sends the data set on another context",
            sends: PDU.data([PDU.store(), .init(5, .lastData, some)]),
            "protocol error: a data set on another presentation context in the middle of an instance"),
        .init(
            associated: "sends a command within a data set",
            sends: PDU.data([PDU.store(), .init(3, .data, some), PDU.store()]),
            "protocol error: a command in the middle of a data set in the middle of an instance"),
        .init(
            associated: "sends a command of noise", sends: PDU.data([.init(3, .command, some)]),
            "protocol error: a command set that cannot be read"),
        .init(
            associated: "sends an empty command", sends: PDU.data([.init(3, .command, [])]),
            "protocol error: a command set that cannot be read"),
        .init(
            associated: "lies about an element of the command",
            sends: PDU.data([.init(3, .command, [0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0x30, 0])]),
            "protocol error: a command set that cannot be read"),
        .init(
            associated: "answers nothing that was asked", sends: PDU.data([.init(3, .command, PDU.command(0x8001))]),
            "protocol error: a response to nothing that was asked"),
        .init(
            associated: "stores without a data set", sends: PDU.data([.init(3, .command, PDU.command(0x0001))]),
            "protocol error: C-STORE without a data set"),
        .init(
            associated: "echoes with a data set",
            sends: PDU.data([.init(1, .command, PDU.command(0x0030, hasDataSet: true))]),
            "protocol error: C-ECHO with a data set"),

        .init(associated: "aborts within an instance", "aborted by the peer in the middle of an instance") {
            _ = try $0.send(PDU.data([PDU.store(), .init(3, .data, some)]) + PDU.abort)
        },
        .init(associated: "closes within a value", "connection closed by the peer in the middle of an instance") {
            _ = try $0.send(PDU.data([PDU.store()]) + PDU.data([.init(3, .lastData, some)]).dropLast(500))
            $0.endSending()
        },
        .init(associated: "closes within the head of a PDU", "connection closed by the peer") {
            _ = try $0.send([4, 0, 0])
            $0.endSending()
        },
        .init(associated: "closes without a release", "connection closed by the peer") { $0.endSending() },
        .init(associated: "resets within an instance", "connection closed by the peer in the middle of an instance") {
            _ = try $0.send(PDU.data([PDU.store(), .init(3, .data, some)]))
            $0.reset()
        },
        .init(associated: "releases within an instance", "released in the middle of an instance") {
            _ = try $0.send(PDU.data([PDU.store(), .init(3, .data, some)]) + PDU.release)
        },
    ]
}

@Suite(.serialized)
struct HostilePeerTests {
    @Test(arguments: HostilePeer.all)
    func `a hostile peer ends its own association and nothing else`(hostile: HostilePeer) throws {
        let provider = RecordingProvider()
        let running = try RunningListener(provider)
        let bystander = try Peer(running)
        try bystander.associate([.ct])
        do {
            let peer = try Peer(running)
            if !hostile.contexts.isEmpty { try peer.associate(hostile.contexts) }
            try hostile.act(peer)
            let summary = try provider.nextSummary()
            #expect(summary.ending.hasPrefix(hostile.ending), "\(summary.ending)")
            #expect(summary.stored == 0)
            try peer.drain()
        }
        for instance in provider.instances {
            #expect(instance.isAbandoned)
            #expect(!instance.isFinished)
        }
        // Others go on: one that was there, and one that comes.
        try bystander.send(PDU.data([PDU.store(), .init(3, .lastData, HostilePeer.some)]))
        #expect(try bystander.receiveCommand()[0x0900] == [0, 0])
        #expect(provider.instances.last?.bytes == HostilePeer.some)
        try running.expectEcho()
        _ = try provider.nextSummary()
        bystander.endSending()
        _ = try provider.nextSummary()
        try bystander.drain()
        #expect(running.closesAllConnections())
        #expect(running.stop())
    }

    /// What a peer sends, and source and reason of the A-ABORT it gets (PS3.8 9.3.8).
    static let aborts: [(name: String, bytes: [UInt8], abort: [UInt8])] = [
        ("a PDU of no type", [0x99, 0, 0, 0, 0, 4, 0, 0, 0, 0], [2, 1]),
        ("another request", PDU.associate([.ct]), [2, 2]),
        ("a reply to no release", PDU.pdu(6, [0, 0, 0, 0]), [2, 2]),
        ("a PDU of 4 GB", PDU.pdu(4, HostilePeer.some, length: 0xFFFF_FFFF), [2, 6]),
        ("a value of length 0", PDU.pdu(4, [0, 0, 0, 0]), [2, 6]), ("no value", PDU.pdu(4, []), [2, 6]),
        ("a context of nobody's", PDU.data([.init(9, .command, PDU.command(0x0030))]), [2, 6]),
        ("a command of noise", PDU.data([.init(3, .command, HostilePeer.some)]), [0, 0]),
        ("an answer to nothing", PDU.data([.init(3, .command, PDU.command(0x8001))]), [0, 0]),
        ("nothing for too long", [], [0, 0]),
    ]

    @Test(arguments: aborts.indices)
    func `an abort says who ends the association, and why`(place: Int) throws {
        let running = try RunningListener(RecordingProvider()) { $0.idleSeconds = 1 }
        let peer = try Peer(running)
        try peer.associate([.verification, .ct])
        let (name, bytes, abort) = Self.aborts[place]
        try peer.send(bytes)
        let answer = try peer.receive()
        #expect(answer?.type == 7, "\(name)")
        #expect(answer?.body == [0, 0] + abort, "\(name)")
    }

    @Test func `noise of any kind leaves the listener as it was`() throws {
        let provider = RecordingProvider()
        let running = try RunningListener(provider)
        var random = Noise(state: 42)
        let associate = PDU.associate([.verification, .ct])
        let data = [PDU.PDV(3, .data, HostilePeer.some), PDU.PDV(3, .lastData, [1, 2])]
        let store = PDU.data([PDU.store(), data[0]]) + PDU.data([data[1]])
        for round in 0..<400 {
            var bytes = round % 2 == 0 ? associate + store + PDU.release : store + store + PDU.release
            for _ in 0..<(1 + random.next(6)) {
                switch random.next(4) {
                case 0: bytes[random.next(bytes.count)] = UInt8(random.next(256))
                case 1: bytes[random.next(min(300, bytes.count))] ^= 1 << UInt8(random.next(8))
                case 2: bytes.removeSubrange(random.next(bytes.count)...)
                default: bytes.insert(contentsOf: [0xFF, 0xFF], at: random.next(bytes.count))
                }
                if bytes.isEmpty { bytes = [0] }
            }
            let peer = try Peer(running)
            if round % 2 == 1 { try peer.associate([.verification, .ct]) }
            try peer.send(bytes)
            peer.endSending()
            try peer.drain()
            _ = try provider.nextSummary()
        }
        try running.expectEcho()
        _ = try provider.nextSummary()
        for instance in provider.instances { #expect(instance.isFinished != instance.isAbandoned) }
        #expect(running.closesAllConnections())
        #expect(running.stop())
    }
}

/// Numbers that look random, the same each time.
private struct Noise {
    var state: UInt64

    mutating func next(_ below: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % below
    }
}
