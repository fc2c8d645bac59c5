import ContentStore
import DICOM
import Foundation
import TestSupport
import Testing

@testable import DICOMArchive

@Suite struct PictureLimitTests {
    private let test: ArchiveUnderTest

    init() throws { test = try ArchiveUnderTest() }

    @Test func `an overlay takes the memory that its data has, not that of its rows and columns`() throws {
        var set = DataSetBuilder()
        set.us(.rows, 4)
        set.us(.columns, 4)
        let group: UInt16 = 0x6000
        set.us(Tag(group, 0x0010), 65535)
        set.us(Tag(group, 0x0011), 65535)
        set.us(Tag(group, 0x0100), 1)
        set.element(Tag(group, 0x3000), .ow, [0xFF, 0x01])
        let header = DataSetHeader(set.bytes, encoding: .explicitLittleEndian, bulk: [])
        let plane = try #require(OverlayPlane.planes(header).first)
        let bits = try #require(plane.bits(ofFrame: 0, data: [0xFF, 0x01], isBigEndian: false))
        #expect(bits == [0xFF, 0x01])
    }

    @Test func `an entry of the first release with this format is no damage`() throws {
        let node = try test.node(try test.store(DataSetBuilder.grey().bytes))
        let series = try #require(try test.archive.parent(of: node))
        var entry = try #require(try test.archive.entry(of: node, in: series))
        #expect(entry.rawSize > 0)
        entry.rawSize = 0
        let row = RowChange(.index, IndexKey.entry(series, node), entry.encoded)
        try test.archive.store.engine.commit([Commit(partition: [], changes: [row])])
        #expect(try test.archive.verify { _ in }.problems == [])
        entry.size += 1
        let wrong = RowChange(.index, IndexKey.entry(series, node), entry.encoded)
        try test.archive.store.engine.commit([Commit(partition: [], changes: [wrong])])
        #expect(try test.archive.verify { _ in }.problems.count == 1)
    }

    @Test func `pixels that lie there uncompressed are shown, whatever the transfer syntax says`() throws {
        let node = try test.node(try test.store(DataSetBuilder.grey().bytes, syntax: "1.2.840.10008.1.2.4.90"))
        #expect(try test.archive.image(node.of(.png)) != nil)
    }

    @Test func `a transcoded data set says how many frames it has`() throws {
        let set = DataSetBuilder.grey(frames: 10, pixels: 3 * 16)
        let node = try test.node(try test.store(set.bytes))
        let file = try #require(try test.archive.file(node))
        var bytes: [UInt8] = []
        try test.archive.transcode(file, to: "1.2.840.10008.1.2.5") { piece in
            piece.withUnsafeBytes { bytes.append(contentsOf: $0) }
        }
        let header = DataSetHeader(bytes, encoding: .explicitLittleEndian, bulk: [])
        #expect(header.integer(.numberOfFrames) == 3)
    }

    @Test func `big-endian pixels in GE's private syntax are turned round with their frames or without`() throws {
        let node = try test.node(
            try test.store(
                DataSetBuilder.grey(.implicitLittleEndian, bits: 16).bytes, syntax: "1.2.840.113619.5.2"))
        let file = try #require(try test.archive.file(node))
        var values: [[UInt8]] = []
        for target in ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"] {
            var bytes: [UInt8] = []
            try test.archive.transcode(file, to: target) { piece in
                piece.withUnsafeBytes { bytes.append(contentsOf: $0) }
            }
            values.append(Array(bytes.suffix(32)))
        }
        let swapped = (0..<32).map { UInt8($0 ^ 1) }
        #expect(values == [swapped, swapped])
    }
}

extension DataSetBuilder {
    /// A grey image of 4 rows and columns.
    fileprivate static func grey(
        _ encoding: DataSetEncoding = .explicitLittleEndian, bits: UInt16 = 8, frames: Int? = nil, pixels: Int = 16
    ) -> DataSetBuilder {
        var set = DataSetBuilder(encoding)
        set.text(.sopClassUID, .ui, "1.2.840.10008.5.1.4.1.1.7")
        set.text(.sopInstanceUID, .ui, "1.2.3.4.5")
        set.text(.patientID, .lo, "P1")
        set.text(.studyInstanceUID, .ui, "1.2.3")
        set.text(.seriesInstanceUID, .ui, "1.2.3.4")
        set.us(.samplesPerPixel, 1)
        set.text(.photometricInterpretation, .cs, "MONOCHROME2")
        if let frames { set.text(.numberOfFrames, .is, "\(frames)") }
        set.us(.rows, 4)
        set.us(.columns, 4)
        set.us(.bitsAllocated, bits)
        set.us(.bitsStored, bits)
        set.us(.highBit, bits - 1)
        set.us(.pixelRepresentation, 0)
        let bytes = (0..<pixels * Int(bits) / 8).map { UInt8(truncatingIfNeeded: $0) }
        set.element(.pixelData, bits == 8 ? .ob : .ow, bytes)
        return set
    }
}
