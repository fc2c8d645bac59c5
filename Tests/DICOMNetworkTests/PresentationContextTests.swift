import DICOMNetwork
import TestSupport
import Testing

@Suite struct PresentationContextTests {
    /// What becomes of one proposed abstract syntax.
    private func result(_ abstractSyntax: String, _ rights: ServiceRights = [.echo, .store]) throws -> UInt8? {
        let running = try RunningListener(RecordingProvider(decision: .accept(rights)))
        let peer = try Peer(running)
        return try peer.associate([PDU.Context(1, abstractSyntax, "1.2.840.10008.1.2")])[1]?.result
    }

    @Test(arguments: [
        "1.2.840.10008.1.1",  // Verification
        "1.2.840.10008.5.1.4.1.1.2",  // CT
        "1.2.840.10008.5.1.4.1.1.104.1",  // Encapsulated PDF
        "1.2.840.10008.5.1.4.1.1.201.1",  // Inventory
        "1.2.840.10008.5.1.4.1.1.999.1",  // of a later edition
        "1.2.840.10008.5.1.4.34.7",  // RT Beams Delivery Instruction
        "1.2.840.10008.5.1.4.38.1",  // Hanging Protocol
        "1.2.840.10008.5.1.4.45.1",  // Implant Template Group
        "1.2.840.10008.5.1.1.29",  // Hardcopy, retired
        "1.3.12.2.1107.5.9.1",  // Siemens CSA Non-Image
        "1.2.840.100089.1",  // not the standard's, though it looks so
    ])
    func `storage, verification and private classes are accepted`(uid: String) throws {
        #expect(try result(uid) == 0)
    }

    @Test(arguments: [
        "1.2.840.10008.5.1.4.31",  // Modality Worklist FIND
        "1.2.840.10008.5.1.1.9",  // Basic Grayscale Print Management
        "1.2.840.10008.1.3.10",  // Media Storage Directory
        "1.2.840.10008.3.1.2.3.3",  // MPPS
        "1.2.840.10008.5.1.4.1.1.200.4",  // Protocol Approval FIND, under the root of storage
        "1.2.840.10008.5.1.4.1.1.201.6",  // Repository Query, under the root of storage
        "",
    ])
    func `standard classes without a provider are refused as abstract syntax not supported`(uid: String) throws {
        #expect(try result(uid) == 3)
    }

    @Test(arguments: [
        (ServiceRights.echo, "1.2.840.10008.1.1"),
        (.find, "1.2.840.10008.5.1.4.1.2.1.1"), (.find, "1.2.840.10008.5.1.4.1.2.2.1"),
        (.move, "1.2.840.10008.5.1.4.1.2.1.2"), (.move, "1.2.840.10008.5.1.4.1.2.2.2"),
        (.get, "1.2.840.10008.5.1.4.1.2.1.3"), (.get, "1.2.840.10008.5.1.4.1.2.2.3"),
        (.commit, "1.2.840.10008.1.20.1"), (.store, "1.2.840.10008.5.1.4.1.1.2"),
    ])
    func `a service is accepted for those who may use it, and rejected for others`(
        right: ServiceRights, uid: String
    ) throws {
        #expect(try result(uid, right) == 0)
        #expect(try result(uid, .all.subtracting(right)) == 1)
    }

    @Test func `128 contexts of several transfer syntaxes each get the first one proposed`() throws {
        let running = try RunningListener(RecordingProvider())
        let syntaxes = [
            "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.4.70",
            "1.2.840.10008.1.2.4.201", "1.2.3.4.5.6",
        ]
        var contexts: [PDU.Context] = []
        for place in 0..<128 {
            var context = PDU.Context(UInt8(1 + 2 * place), "1.2.840.10008.5.1.4.1.1.\(place + 1)")
            context.transferSyntaxes = (0..<60).map { syntaxes[(place + $0) % syntaxes.count] }
            contexts.append(context)
        }
        let answers = try Peer(running).associate(contexts)
        #expect(answers.count == 128)
        for context in contexts {
            #expect(answers[context.id] == Peer.Answer(result: 0, transferSyntax: context.transferSyntaxes[0]))
        }
    }

    @Test func `of two contexts with one id the first counts, and even ids are served`() throws {
        let provider = RecordingProvider()
        let running = try RunningListener(provider)
        let peer = try Peer(running)
        let answers = try peer.associate([
            PDU.Context(2, PDU.ctClass, "1.2.840.10008.1.2.1"),
            PDU.Context(2, "1.2.840.10008.1.1", "1.2.840.10008.1.2"),
        ])
        #expect(answers == [2: Peer.Answer(result: 0, transferSyntax: "1.2.840.10008.1.2.1")])
        try peer.send(PDU.data([PDU.store(2), .init(2, .lastData, [1, 2])]))
        #expect(try peer.receiveCommand()[0x0900] == [0, 0])
        #expect(provider.instances.first?.request.transferSyntaxUID == "1.2.840.10008.1.2.1")
    }

    @Test func `roles, extended negotiation and user identity are read over`() throws {
        let provider = RecordingProvider()
        let running = try RunningListener(provider)
        let peer = try Peer(running)
        let user =
            PDU.item(0x51, PDU.big32(0)) + PDU.item(0x54, [0, 17] + Array(PDU.ctClass.utf8.prefix(17)) + [1, 1])
            + PDU.item(0x56, [0xFF, 0xFF, 1, 2]) + PDU.item(0x58, [1, 1, 0, 4, 1]) + PDU.item(0x53, [0, 9, 0, 9])
        try peer.send(PDU.associate(items: PDU.Context.ct.item + PDU.item(0x77, [1]) + PDU.item(0x50, user)))
        let answer = try #require(try peer.receive())
        if answer.type != 2 { try Issue.record("\(provider.nextSummary())") }
        try peer.send(PDU.data([PDU.store(), .init(3, .lastData, [1, 2])]))
        #expect(try peer.receiveCommand()[0x0900] == [0, 0])
    }
}
