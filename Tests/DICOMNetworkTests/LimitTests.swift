import DICOMNetwork
import TestSupport
import Testing
import Threads

@Suite struct LimitTests {
    /// Verification, held open.
    private func held(_ running: RunningListener) throws -> Peer {
        let peer = try Peer(running)
        try peer.associate([.verification])
        return peer
    }

    /// The PDU that answers an association request.
    private func answer(
        _ running: RunningListener, called: String = "DICOMFS"
    ) throws -> (type: UInt8, body: [UInt8])? {
        let peer = try Peer(running)
        try peer.send(PDU.associate([.verification], called: called))
        return try peer.receive()
    }

    @Test func `associations beyond the limit are rejected with local limit exceeded, until one ends`() throws {
        let provider = RecordingProvider()
        let running = try RunningListener(provider) { $0.maximumAssociations = 2 }
        let first = try held(running)
        let second = try held(running)
        for _ in 0..<3 {
            let rejection = try #require(try answer(running))
            #expect(rejection.type == 3)
            // Transient, by the provider (presentation), local limit exceeded (PS3.8 9.3.4).
            #expect(rejection.body == [0, 2, 3, 2])
            #expect(try provider.nextSummary().ending == "rejected: 2 associations are open")
        }
        try first.send(PDU.release)
        try first.drain()
        _ = try provider.nextSummary()
        try running.expectEcho()
        try second.send(PDU.data([.init(1, .command, PDU.command(0x0030))]))
        #expect(try second.receiveCommand()[0x0900] == [0, 0])
    }

    @Test func `connections far beyond the limit are closed at once and cost nothing`() throws {
        let provider = RecordingProvider()
        let running = try RunningListener(provider) { $0.maximumAssociations = 1 }
        do {
            let silent = try (0..<9).map { _ in try Peer(running) }
            for _ in 0..<20 { #expect(try Peer(running).drain().isEmpty) }
            #expect(running.sockets == 10)
            for peer in silent { peer.endSending() }
            for _ in silent { _ = try provider.nextSummary() }
            for peer in silent { try peer.drain() }
        }
        try running.expectEcho()
    }

    @Test func `a peer that calls another AE title is rejected when the provider says so`() throws {
        let provider = RecordingProvider(decision: .rejectCalledAETitle("called AE title not ours"))
        let running = try RunningListener(provider)
        let rejection = try #require(try answer(running, called: "OTHER"))
        #expect(rejection.type == 3)
        #expect(rejection.body == [0, 1, 1, 7])
        #expect(try provider.nextSummary().ending == "rejected: called AE title not ours")
        #expect(try answer(RunningListener(RecordingProvider()), called: "OTHER")?.type == 2)
    }

    @Test func `a peer that the provider does not want is rejected`() throws {
        let running = try RunningListener(RecordingProvider(decision: .rejectCallingAETitle("not wanted")))
        let rejection = try #require(try answer(running))
        #expect(rejection.type == 3)
        #expect(rejection.body == [0, 1, 1, 3])
    }

    @Test func `an AE title in the log is printable`() throws {
        let provider = RecordingProvider()
        let running = try RunningListener(provider)
        let peer = try Peer(running)
        try peer.send(PDU.associate([.verification], calling: "\u{1B}[31m \u{9B}X\n"))
        _ = try peer.receive()
        peer.endSending()
        #expect(try provider.nextSummary().association.callingAETitle == "?[31m ??X?")
    }

    @Test func `a peer that says nothing at first is dropped`() throws {
        let provider = RecordingProvider()
        let running = try RunningListener(provider) { $0.handshakeSeconds = 1 }
        let peer = try Peer(running)
        #expect(try peer.drain() == [7])
        #expect(try provider.nextSummary().ending == "no association: no association request in time")
    }

    @Test func `an association request byte by byte does not hold a place`() throws {
        let provider = RecordingProvider()
        let running = try RunningListener(provider) { $0.handshakeSeconds = 1 }
        let peer = try Peer(running)
        for byte in PDU.associate([.verification]) {
            try peer.send([byte])
            if peer.isReadable { break }
        }
        #expect(try provider.nextSummary().ending == "no association: no association request in time")
        try running.expectEcho()
    }

    @Test func `a peer that falls silent within an instance is aborted`() throws {
        let provider = RecordingProvider()
        let running = try RunningListener(provider) { $0.idleSeconds = 1 }
        let peer = try Peer(running)
        try peer.associate([.ct])
        try peer.send(PDU.data([PDU.store(), .init(3, .data, [1, 2, 3])]))
        #expect(try peer.drain() == [7])
        #expect(try provider.nextSummary().ending == "peer silent for too long in the middle of an instance")
        #expect(provider.instances.first?.isAbandoned == true)
    }

    @Test func `a PDU byte by byte does not hold a place`() throws {
        let provider = RecordingProvider()
        let running = try RunningListener(provider) { $0.idleSeconds = 1 }
        let peer = try Peer(running)
        try peer.associate([.ct])
        for byte in PDU.data([PDU.store(), .init(3, .data, [UInt8](repeating: 0, count: 1000))]) {
            try peer.send([byte])
            if peer.isReadable { break }
        }
        #expect(try provider.nextSummary().ending == "peer silent for too long")
        try running.expectEcho()
    }

    @Test func `an association that lasts too long ends as that, not as a silent peer`() throws {
        let provider = RecordingProvider()
        let running = try RunningListener(provider) { $0.associationSeconds = 1 }
        for peer in try (0..<8).map({ _ in try held(running) }) {
            #expect(try peer.drain() == [7])
            #expect(try provider.nextSummary().ending == "ended by us: it lasted more than the 1 seconds that it may")
        }
    }

    @Test func `stopping ends associations under way, also of a peer that keeps sending`() throws {
        let provider = RecordingProvider()
        let running = try RunningListener(provider)
        let silent = try held(running)
        let sending = try Peer(running)
        try sending.associate([.ct])
        try sending.send(PDU.data([PDU.store()]))
        let ended = Gate()
        Thread.start {
            let fragment = PDU.data([.init(3, .data, [UInt8](repeating: 0, count: 60000))])
            while (try? sending.send(fragment)) == true {}
            ended.open()
        }
        while (provider.instances.first?.bytes.count ?? 0) < 1_000_000 { _ = silent.isReadable }
        #expect(running.stop())
        #expect(ended.wait(milliseconds: 60_000))
        #expect(provider.instances.count == 1)
        #expect(provider.instances.first?.isAbandoned == true)
        let endings = try [provider.nextSummary().ending, provider.nextSummary().ending]
        #expect(Set(endings) == ["ended by us", "ended by us in the middle of an instance"])
    }

    @Test func `a listener that was stopped before it ran ends at once`() throws {
        var configuration = AssociationListener.Configuration()
        configuration.port = 0
        let listener = try AssociationListener(configuration: configuration, provider: RecordingProvider())
        listener.stop()
        listener.run()
    }

    @Test func `a port in use, and a host by name, are refused with a sentence`() throws {
        let running = try RunningListener(RecordingProvider())
        var configuration = AssociationListener.Configuration()
        configuration.port = running.port
        #expect(throws: ListenError.self) {
            try AssociationListener(configuration: configuration, provider: RecordingProvider())
        }
        configuration.host = "localhost"
        let error = #expect(throws: ListenError.self) {
            try AssociationListener(configuration: configuration, provider: RecordingProvider())
        }
        #expect(error?.description.contains("give a numeric address") == true)
    }

    @Test func `IPv6 works`() throws {
        let running = try RunningListener(RecordingProvider()) { $0.host = "::1" }
        #expect(running.port > 0)
    }
}
