import DICOM
import DICOMNetwork
import TestSupport
import Testing

/// Real clients: dcmtk's and pynetdicom.
@Suite struct ClientTests {
    @Test func `echoscu gets its echo`() throws {
        let provider = RecordingProvider()
        let running = try RunningListener(provider)
        let echo = try Program.run(
            "/usr/bin/echoscu", ["-aet", "MODALITY", "-aec", "DICOMFS", "127.0.0.1", "\(running.port)"])
        #expect(echo.status == 0, "\(echo.errors)")
        let summary = try provider.nextSummary()
        #expect(summary.ending == "released")
        #expect(summary.association.callingAETitle == "MODALITY")
        #expect(summary.association.calledAETitle == "DICOMFS")
        #expect(summary.association.peerAddress == "127.0.0.1")
    }

    @Test func `storescu sends instances, and hears of failures`() throws {
        let folder = try TemporaryFolder()
        let set = DataSetBuilder.image()
        let file = try folder.write("a.dcm", part10(set.bytes, "1.2.840.10008.1.2.1"))
        let provider = RecordingProvider()
        let running = try RunningListener(provider)
        let sent = try Program.run("/usr/bin/storescu", ["-xe", "127.0.0.1", "\(running.port)", file, file])
        #expect(sent.status == 0, "\(sent.errors)")
        #expect(provider.instances.map(\.bytes) == [set.bytes, set.bytes])
        #expect(try provider.nextSummary().stored == 2)

        let response = StoreResponse(.outOfResources, errorComment: "full")
        let full = try RunningListener(RecordingProvider(response: response))
        let refused = try Program.run("/usr/bin/storescu", ["-v", "127.0.0.1", "\(full.port)", file])
        #expect(refused.errors.contains("Refused: OutOfResources"), "\(refused.errors)")
    }

    /// Syntaxes that DCMTK 3.6.7 does not know, and some that it does.
    static let transferSyntaxes = [
        "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203", "1.2.840.10008.1.2.4.110",
        "1.2.840.10008.1.2.4.111", "1.2.840.10008.1.2.4.112", "1.2.840.10008.1.2.1.98", "1.2.3.4.5.6.7",
        "1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.70",
    ]

    @Test(arguments: transferSyntaxes)
    func `bytes of every transfer syntax arrive as they are`(uid: String) throws {
        let provider = RecordingProvider()
        let running = try RunningListener(provider)
        let peer = try Peer(running)
        let answers = try peer.associate([PDU.Context(3, PDU.ctClass, uid, "1.2.840.10008.1.2")])
        #expect(answers == [3: Peer.Answer(result: 0, transferSyntax: uid)])
        let bytes = (0..<100_001).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try peer.send(PDU.data([PDU.store()]))
        for start in stride(from: 0, to: bytes.count, by: 60_000) {
            let end = min(bytes.count, start + 60_000)
            try peer.send(PDU.data([.init(3, end == bytes.count ? .lastData : .data, Array(bytes[start..<end]))]))
        }
        #expect(try peer.receiveCommand()[0x0900] == [0, 0])
        #expect(provider.instances.first?.bytes == bytes)
        #expect(provider.instances.first?.request.transferSyntaxUID == uid)
    }

    @Test(.enabled(if: Python.path != nil, "\(Python.missing)"))
    func `pynetdicom sends HTJ2K, JPEG XL and private syntaxes from files, and the bytes arrive`() throws {
        let folder = try TemporaryFolder()
        let set = DataSetBuilder.image()
        var files: [String] = []
        for (place, uid) in Self.transferSyntaxes.prefix(8).enumerated() {
            files.append(try folder.write("\(place).dcm", part10(set.bytes, uid)))
        }
        let provider = RecordingProvider()
        let running = try RunningListener(provider)
        let script = """
            import sys
            from pydicom import dcmread
            from pynetdicom import AE, _config
            _config.STORE_SEND_CHUNKED_DATASET = True
            status = []
            for path in sys.argv[2:]:
                ae = AE('PYTHON')
                syntax = dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID
                ae.add_requested_context('1.2.840.10008.5.1.4.1.1.7', syntax)
                association = ae.associate('127.0.0.1', int(sys.argv[1]))
                assert association.is_established
                status.append(association.send_c_store(path).Status)
                association.release()
            print(status)
            """
        let sent = try Python.run(script, ["\(running.port)"] + files)
        #expect(sent.status == 0, "\(sent.errors)")
        #expect(sent.output == "[0, 0, 0, 0, 0, 0, 0, 0]\n")
        #expect(provider.instances.map(\.request.transferSyntaxUID) == Array(Self.transferSyntaxes.prefix(8)))
        #expect(provider.instances.allSatisfy { $0.bytes == set.bytes })
        #expect(try provider.nextSummary().association.callingAETitle == "PYTHON")
    }

    @Test(.enabled(if: Python.testFiles != nil, "\(Python.missing)"))
    func `storescu sends a real CT, and the data set arrives`() throws {
        let folder = try #require(Python.testFiles)
        let provider = RecordingProvider()
        let running = try RunningListener(provider)
        let sent = try Program.run(
            "storescu", ["-R", "-xe", "127.0.0.1", "\(running.port)", "\(folder)/CT_small.dcm"])
        #expect(sent.status == 0, "\(sent.errors)")
        let received = try #require(provider.instances.first)
        let copy = try TemporaryFolder()
        let path = try copy.write("received", received.bytes)
        let same = """
            import sys, pydicom
            from pydicom.filebase import DicomBytesIO
            from pydicom.filereader import read_dataset
            source = pydicom.dcmread(sys.argv[1])
            received = read_dataset(open(sys.argv[2], 'rb'), False, True)
            print(all(received[e.tag].value == e.value for e in source if e.tag.group != 0xFFFC))
            """
        let compared = try Python.run(same, ["\(folder)/CT_small.dcm", path])
        #expect(compared.output == "True\n", "\(compared.errors)")
    }
}

/// A data set as a file (PS3.10 section 7.1).
func part10(_ dataSet: [UInt8], _ transferSyntax: String) -> [UInt8] {
    var meta = DataSetBuilder()
    meta.element(Tag(0x0002, 0x0001), .ob, [0, 1])
    meta.text(Tag(0x0002, 0x0002), .ui, "1.2.840.10008.5.1.4.1.1.7")
    meta.text(Tag(0x0002, 0x0003), .ui, "1.2.3.4.5")
    meta.text(Tag(0x0002, 0x0010), .ui, transferSyntax)
    meta.text(Tag(0x0002, 0x0012), .ui, "1.2.3.4")
    var head = DataSetBuilder()
    head.start(Tag(0x0002, 0x0000), .ul, 4)
    head.number32(UInt32(meta.bytes.count))
    return [UInt8](repeating: 0, count: 128) + Array("DICM".utf8) + head.bytes + meta.bytes + dataSet
}
