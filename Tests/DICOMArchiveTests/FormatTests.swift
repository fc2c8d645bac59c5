import ContentStore
import DICOM
import Hashing
import TestSupport
import Testing

@testable import DICOMArchive

/// Archive format 1: these bytes are in archives, and stay. They were made from the Format article, not by the code.
@Suite struct FormatTests {
    private var recipe: Recipe {
        var recipe = Recipe()
        recipe.identity = Recipe.Identity(
            patientID: "P1", studyInstanceUID: "1.2.3", seriesInstanceUID: "1.2.3.4", sopInstanceUID: "1.2.3.4.5",
            sopClassUID: "1.2.840.10008.5.1.4.1.1.2")
        recipe.transferSyntaxUID = explicitLittleEndian
        recipe.head = .generated(format: 1)
        recipe.extents = [
            .header(length: 4), .chunk(ChunkWriter.Reference(digest: SHA256.hash(Array("abc".utf8)), length: 3)),
            .header(length: 2),
        ]
        recipe.dataSetDigest = Recipe.dataSetDigest(
            extents: recipe.extents, header: Array("HEADER".utf8), headerIsDerived: false)
        recipe.receivedAt = 1_700_000_000_000_000_000
        recipe.sender = Sender(kind: .store, callingAETitle: "CT1", host: "10.0.0.1")
        recipe.version = 2
        recipe.nodePayload = 71365577230662341
        recipe.frameOrdinal = 7
        let pixels = BulkElement(
            kind: .element, tag: .pixelData, vr: .ow, elementHeaderOffset: 0, elementHeaderLength: 12,
            declaredLength: 3,
            position: 4, valueLength: 3)
        recipe.scan = ScannedDataSet(
            encoding: .explicitLittleEndian, bulkElements: [pixels], headerLength: 6, totalLength: 9, isDeflated: false)
        recipe.pixels = Recipe.Pixels(
            rows: 512, columns: 512, samplesPerPixel: 1, bitsAllocated: 16, numberOfFrames: 3,
            photometricInterpretation: "MONOCHROME2", pngSize: 262_900)
        return recipe
    }

    @Test func `a recipe has the bytes of the format`() {
        #expect(
            hexadecimal(recipe.encoded)
                == "0802123a0a0250311205312e322e331a07312e322e332e342209312e322e332e342e352a19312e322e3834302e"
                + "31303030382e352e312e342e312e312e321a13312e322e3834302e31303030382e312e322e3120013202080432"
                + "241220ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad1803320208023a20b2e3"
                + "fe09aad320eb2e915651aa445d5e91c1b77ca99688094b509a1bc41e05d84100002a36fe9c97174a1108011203"
                + "4354311a0831302e302e302e31500258c5f598c0d4d3e27e600768017a1210908080ff0718d79e01280c380340"
                + "04480382011d088004108004180120102803320b4d4f4e4f4348524f4d453238f48510880109900106")
    }

    @Test func `a node has the bytes of the format`() {
        var row = NodeRow(
            level: .instance, id: recipe.reference.instance, parent: NodeID(rawValue: 3 << 57 | 5))
        row.study = recipe.reference.study
        row.series = recipe.reference.series
        row.version = 2
        row.attributes = [Attribute(tag: .instanceNumber, value: "12")]
        #expect(
            hexadecimal(row.encoded)
                == "080412147ec54ea403b563b4f9817b30214c8311b67e0f83188580808080808080062214ce42f924f6020beaaa"
                + "8101446941b6f0883310942a14626a5deb273fd2f80801eb57046b8592d699288230023a090893808001120231"
                + "32")
        row.sharesUID = true
        #expect(hexadecimal(row.encoded).hasSuffix("120231324001"))
    }

    @Test func `an entry has the bytes of the format`() {
        var entry = EntryRow()
        entry.name = "000001_abc"
        entry.modified = 1_700_000_000_000_000_000
        entry.size = 526_336
        entry.pngSize = 262_900
        entry.frames = 3
        entry.frameOrdinal = 7
        #expect(
            hexadecimal(entry.encoded)
                == "0a0a3030303030315f6162631100002a36fe9c97171880902020f4851028033007")
    }

    @Test func `a reference has the bytes of the format`() {
        #expect(
            hexadecimal(recipe.reference.encoded)
                == "0a14ce42f924f6020beaaa8101446941b6f0883310941214626a5deb273fd2f80801eb57046b8592d69928821a"
                + "147ec54ea403b563b4f9817b30214c8311b67e0f832002")
    }

    @Test func `digests are over the bytes of the format`() {
        #expect(recipe.dataSetDigest.description == "b2e3fe09aad320eb2e915651aa445d5e91c1b77ca99688094b509a1bc41e05d8")
        #expect(recipe.versionDigest.description == "1d62ff6219c54c8f2e1a3b6264775c8d6dc229ec4bd5a953e2498de1cdd4b1a8")
        var own = recipe
        own.head = .own(Array("HEAD".utf8))
        #expect(own.versionDigest.description == "44421ca5f1d1edeeb9b69368ea7a8fe2bc6125306078000013d0617d62189b38")
        let derived = Recipe.dataSetDigest(
            extents: [recipe.extents[1]], header: Array("HEADER".utf8), headerIsDerived: true)
        #expect(derived.description == "aebb6fcf63081cc2999b473ee4db3002dcb171631850441e1f30f15ceb61b0f8")
    }

    @Test func `the node of a version is made of its identifier and its version digest`() {
        #expect(recipe.naturalNode == NodeID(.dicom, recipe.nodePayload))
        #expect(NodeID(.dicom, 1).rawValue == 5 << 57 | 1)
        #expect(NodeID.frame(ordinal: 3, number: 5).rawValue == 8 << 57 | 3 << 24 | 5)
        #expect(NodeID.root.rawValue == 1)
        #expect([.views, .byStudy, .byDate, .byUID, .byID, .unknownDate].map(\NodeID.rawValue) == [2, 3, 4, 5, 6, 7])
        #expect(DatePart(year: 2024, month: 1, day: 31).node.rawValue == 26 << 57 | 2024 << 9 | 1 << 5 | 31)
        #expect(IDPart(0xAB).node.rawValue == 27 << 57 | 0x1AB)
        #expect(IDPart(0xAB, 0xCD).node.rawValue == 27 << 57 | 0x1ABCD)
        let directories = [NodeID(.study, 9), NodeID(.series, 9), NodeID(.frames, 9)]
        let kinds = View.allCases.map { view in directories.map { $0.seen(in: view).rawValue >> 57 } }
        #expect(kinds == [[2, 3, 4], [16, 17, 18], [19, 20, 21], [22, 23, 24], [2, 3, 25]])
        for view in View.allCases { #expect(directories.map { $0.seen(in: view).original } == directories) }
    }

    @Test func `keys have the bytes of the format`() {
        let reference = recipe.reference
        #expect(
            hexadecimal(reference.key())
                == reference.study.hex40 + reference.series.hex40 + reference.instance.hex40 + "00000002")
        #expect(hexadecimal(IndexKey.node(.root)) == "010000000000000001")
        #expect(hexadecimal(IndexKey.entry(.root, NodeID(.patient, 2))) == "0200000000000000010200000000000002")
        #expect(
            hexadecimal(IndexKey.lookUp(.accessionNumber, "A\u{0}1", NodeID(.study, 2))) == "0305413100"
                + "0400000000000002")
        #expect(IndexKey.lookUp(.patientID, String(repeating: "x", count: 300), .root).count == 2 + 255 + 1 + 8)
        #expect(hexadecimal(IndexKey.frameOrdinal(258)) == "040000000000000102")
        #expect(IndexKey.nextFrameOrdinal == [5])
    }

    @Test func `a recipe survives its bytes`() throws {
        for head in [Recipe.Head.newest, .own([]), .own([1, 2, 3])] {
            var recipe = recipe
            recipe.head = head
            recipe.scan.isDeflated = true
            recipe.scan.encoding = .explicitBigEndian
            recipe.scan.bulkElements.append(
                BulkElement(
                    kind: .trailer, tag: Tag(0, 0), vr: nil, elementHeaderOffset: 1, elementHeaderLength: 0,
                    declaredLength: nil, position: 1 << 40, valueLength: 1 << 33))
            let read = try Recipe(recipe.encoded.span.bytes)
            #expect(read.encoded == recipe.encoded)
            #expect(read.head == recipe.head)
            #expect(read.scan == recipe.scan)
            #expect(read.extents == recipe.extents)
            #expect(read.identity == recipe.identity)
            #expect(read.pixels == recipe.pixels)
            #expect(read.sender == recipe.sender)
        }
    }

    @Test func `fields of a later release are skipped`() throws {
        let later: [UInt8] = [0xC0, 0x3E, 0x05, 0xCA, 0x3E, 0x02, 0x01, 0x02, 0xD1, 0x3E, 1, 2, 3, 4, 5, 6, 7, 8]
        let bytes = recipe.encoded + later
        #expect(try Recipe(bytes.span.bytes).encoded == recipe.encoded)
        let row = NodeRow(level: .patient, id: recipe.reference.study, parent: .root)
        let node = row.encoded + later
        #expect(try NodeRow(node.span.bytes) == row)
    }

    @Test func `no damage makes a row trap, or a file of it`() {
        var generator = Seeded(7)
        var accepted = 0
        let row = NodeRow(level: .series, id: recipe.reference.series, parent: .root).encoded
        for _ in 0..<4000 {
            var bytes = recipe.encoded
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            // A number that is as large as can be, in place of a small one.
            if Bool.random(using: &generator), let place = bytes.indices.dropLast(2).randomElement(using: &generator) {
                bytes.replaceSubrange(place...place, with: [UInt8](repeating: 0xFF, count: 8) + [0x7F])
            }
            if let recipe = try? Recipe(bytes.span.bytes) {
                accepted += 1
                _ = recipe.encoded
                _ = recipe.dataSetLength
                _ = recipe.reference.key(version: recipe.version + 1)
                _ = recipe.entry(name: "")
                _ = try? StoredFile(recipe: recipe, header: Array("HEADER".utf8))
            }
            var node = row
            node[Int.random(in: 0..<node.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            if let row = try? NodeRow(node.span.bytes) { _ = row.encoded }
            if let entry = try? EntryRow(node.span.bytes) { _ = entry.encoded }
            _ = try? VersionReference(frameOrdinalRow: node.span.bytes)
            _ = try? IndexKey.lastNode(node.span.bytes.extracting(first: Int.random(in: 0...9, using: &generator)))
        }
        #expect(accepted > 100)
    }

    @Test func `lengths that cannot be are refused`() {
        var recipe = recipe
        recipe.extents = [.header(length: Int.max), .header(length: Int.max)]
        let bytes = recipe.encoded
        #expect(throws: RecordError.self) { try Recipe(bytes.span.bytes) }
    }
}

/// Random numbers that a failure can be repeated with.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state &* 0x2545_F491_4F6C_DD1D
    }
}
