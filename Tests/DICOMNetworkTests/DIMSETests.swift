import DICOMNetwork
import TestSupport
import Testing

@Suite struct DIMSETests {
    private static let some = [UInt8](repeating: 7, count: 1000)

    private func associated(_ provider: RecordingProvider) throws -> (running: RunningListener, peer: Peer) {
        let running = try RunningListener(provider)
        let peer = try Peer(running)
        try peer.associate([.verification, .ct])
        return (running, peer)
    }

    @Test func `an instance arrives as it was sent, whatever the fragments, and is answered with its UIDs`() throws {
        let provider = RecordingProvider()
        let (running, peer) = try associated(provider)
        let bytes = (0..<5000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        let command = PDU.command(0x0001, hasDataSet: true)
        let parts: [[PDU.PDV]] = [
            [.init(3, .commandFragment, Array(command[..<11]))],
            [.init(3, .command, Array(command[11...])), .init(3, .data, []), .init(3, .data, [bytes[0]])],
            [.init(3, .data, Array(bytes[1..<4000]))], [.init(3, .data, Array(bytes[4000...]))],
            [.init(3, .lastData, [])],
        ]
        for part in parts { try peer.send(PDU.data(part)) }
        let answer = try peer.receiveCommand()
        #expect(answer[0x0100] == [0x01, 0x80])
        #expect(answer[0x0120] == [7, 0])
        #expect(answer[0x0800] == [1, 1])
        #expect(answer[0x0900] == [0, 0])
        #expect(answer[0x0902] == nil)
        #expect(answer[0x0002].map { String(decoding: $0, as: UTF8.self) } == PDU.ctClass + "\0")
        #expect(answer[0x1000].map { String(decoding: $0, as: UTF8.self) } == "1.2.3.4.5\0")
        #expect(provider.instances.first?.bytes == bytes)
        #expect(provider.instances.first?.request.sopInstanceUID == "1.2.3.4.5")
        #expect(provider.instances.first?.request.association.callingAETitle == "PEER")
        try peer.send(PDU.release)
        #expect(try peer.drain() == [6])
        let summary = try provider.nextSummary()
        #expect(summary.ending == "released")
        #expect(summary.stored == 1)
        #expect(summary.bytes == 5000)
        #expect(running.stop())
    }

    @Test func `a PDU of many values of very different lengths is read right`() throws {
        let provider = RecordingProvider()
        let (_, peer) = try associated(provider)
        let lengths = [1, 50_000, 0, 3, 40_000, 2, 2, 10_000, 7]
        let values = lengths.enumerated().map { [UInt8](repeating: UInt8($0 + 1), count: $1) }
        for order in [values, values.reversed()] {
            let parts = order.dropLast().map { PDU.PDV(3, .data, $0) } + [PDU.PDV(3, .lastData, order.last ?? [])]
            try peer.send(PDU.data([PDU.store()] + parts))
            #expect(try peer.receiveCommand()[0x0900] == [0, 0])
            #expect(provider.instances.last?.bytes == order.flatMap { $0 })
        }
    }

    @Test(arguments: [1023, 128, 20, 17, 16, 16384, 0])
    func `a peer that takes only short PDUs gets answers in pieces`(maximumLength: Int) throws {
        let running = try RunningListener(RecordingProvider())
        let peer = try Peer(running)
        try peer.associate([.ct], maximumLength: maximumLength)
        try peer.send(PDU.data([PDU.store(), .init(3, .lastData, Self.some)]))
        let answer = try peer.receiveCommand(longest: maximumLength == 0 ? .max : maximumLength)
        #expect(answer[0x0900] == [0, 0])
    }

    @Test func `a receiver that fails within an instance is given no more, and its answer is sent`() throws {
        let response = StoreResponse(.outOfResources, errorComment: "full")
        let provider = RecordingProvider(response: response, failsAfter: 1500)
        let (_, peer) = try associated(provider)
        for _ in 0..<2 {
            try peer.send(PDU.data([PDU.store()]))
            for _ in 0..<5 { try peer.send(PDU.data([.init(3, .data, Self.some)])) }
            try peer.send(PDU.data([.init(3, .lastData, Self.some)]))
            let answer = try peer.receiveCommand()
            #expect(answer[0x0900] == [0x00, 0xA7])
            #expect(answer[0x0902] == Array("full".utf8))
        }
        #expect(provider.instances.map(\.bytes.count) == [2000, 2000])
        try peer.send(PDU.release)
        #expect(try provider.nextSummary().refused == 2)
    }

    @Test func `an error comment is 64 characters of ASCII without backslash`() throws {
        let comment = "no\\space \u{1F}ä " + String(repeating: "x", count: 100)
        let (_, peer) = try associated(
            RecordingProvider(response: StoreResponse(.cannotUnderstand, errorComment: comment)))
        try peer.send(PDU.data([PDU.store(), .init(3, .lastData, Self.some)]))
        let answer = try peer.receiveCommand()
        #expect(answer[0x0900] == [0x00, 0xC0])
        let sent = String(decoding: answer[0x0902] ?? [], as: UTF8.self)
        #expect(sent == "no?space ??? " + String(repeating: "x", count: 51))
        #expect(sent.utf8.count == 64)
    }

    @Test(
        arguments: [
            // C-FIND, C-MOVE, C-GET, N-ACTION, N-EVENT-REPORT: on a context for storage.
            (0x0020, 0x0122), (0x0021, 0x0122), (0x0010, 0x0122), (0x0130, 0x0122), (0x0100, 0x0122),
            // N-CREATE, and what there is not.
            (0x0140, 0x0211), (0x0123, 0x0211),
        ] as [(UInt16, UInt16)])
    func `operations that are not provided are refused after their data set`(field: UInt16, number: UInt16) throws {
        let (running, peer) = try associated(RecordingProvider())
        let status = [UInt8(number & 0xFF), UInt8(number >> 8)]
        try peer.send(PDU.data([.init(3, .command, PDU.command(field))]))
        #expect(try peer.receiveCommand()[0x0900] == status)
        try peer.send(
            PDU.data([.init(3, .command, PDU.command(field, hasDataSet: true)), .init(3, .data, Self.some)])
                + PDU.data([.init(3, .lastData, Self.some)]))
        let answer = try peer.receiveCommand()
        #expect(answer[0x0900] == status)
        #expect(answer[0x0100] == [UInt8(field & 0xFF), UInt8(field >> 8) | 0x80])
        // A cancel has no answer: the next one is the echo's.
        try peer.send(PDU.data([.init(3, .command, PDU.command(0x0FFF))]))
        try peer.send(PDU.data([.init(1, .command, PDU.command(0x0030))]))
        let echo = try peer.receiveCommand()
        #expect(echo[0x0100] == [0x30, 0x80])
        #expect(echo[0x0900] == [0, 0])
        try running.expectEcho()
    }

    @Test func `storing on the context of verification is answered 0122`() throws {
        let provider = RecordingProvider()
        let (_, peer) = try associated(provider)
        try peer.send(PDU.data([PDU.store(1), .init(1, .lastData, Self.some)]))
        #expect(try peer.receiveCommand()[0x0900] == [0x22, 0x01])
        #expect(provider.instances.isEmpty)
    }

    @Test func `a SOP Instance UID that is too long reaches the provider, and the peer in the answer`() throws {
        let provider = RecordingProvider()
        let (_, peer) = try associated(provider)
        let uid = String(repeating: "1", count: 1000)
        try peer.send(PDU.data([PDU.store(sopInstance: uid), .init(3, .lastData, Self.some)]))
        #expect(try peer.receiveCommand()[0x1000] == Array(uid.utf8))
        #expect(provider.instances.first?.request.sopInstanceUID == uid)
    }
}
