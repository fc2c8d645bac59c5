import ContentStore
import DICOM
import Foundation
import TestSupport
import Testing

@testable import DICOMArchive

@Suite struct ImageTests {
    private let test: ArchiveUnderTest

    init() throws { test = try ArchiveUnderTest() }

    /// The pixels of a small image, from the file: 48 bytes come before its rows, each of which has a filter type.
    private func pixels(_ node: NodeID, width: Int, height: Int) throws -> [UInt8] {
        let file = try #require(try test.archive.image(node)).bytes
        return (0..<height).flatMap { line in
            let row = 48 + line * (1 + width)
            return file[row + 1...row + width]
        }
    }

    /// Grey frames of 3 rows and columns, 8 bits in big-endian words; with values that the full range leaves as they are.
    private func frames(_ count: Int) -> [[UInt8]] {
        (0..<count).map { frame in [0, 255] + (1...7).map { UInt8(frame * 10 + $0) } }
    }

    private func store(_ frames: [[UInt8]]) throws -> IngestOutcome {
        var set = DataSetBuilder(.explicitBigEndian)
        set.text(.sopClassUID, .ui, "1.2.840.10008.5.1.4.1.1.7.2")
        set.text(.sopInstanceUID, .ui, "1.2.3.4.5")
        set.text(.patientID, .lo, "P1")
        set.text(.studyInstanceUID, .ui, "1.2.3")
        set.text(.seriesInstanceUID, .ui, "1.2.3.4")
        set.us(.samplesPerPixel, 1)
        set.text(.photometricInterpretation, .cs, "MONOCHROME2")
        set.text(.numberOfFrames, .is, "\(frames.count)")
        set.us(.rows, 3)
        set.us(.columns, 3)
        set.us(.bitsAllocated, 8)
        set.us(.bitsStored, 8)
        set.us(.highBit, 7)
        set.us(.pixelRepresentation, 0)
        var samples = frames.flatMap { $0 }
        if samples.count % 2 == 1 { samples.append(0) }
        set.element(.pixelData, .ow, samples.indices.map { samples[$0 ^ 1] })
        return try test.store(set.bytes, syntax: "1.2.840.10008.1.2.2")
    }

    @Test(arguments: [1, 2, 5])
    func `each frame of an odd length in big-endian words is shown whole`(count: Int) throws {
        let frames = frames(count)
        let node = try test.node(try store(frames))
        guard count > 1 else {
            #expect(try pixels(node.of(.png), width: 3, height: 3) == frames[0])
            return
        }
        let ordinal = try #require(try test.archive.file(node)).recipe.frameOrdinal
        for number in 1...count {
            let shown = try pixels(.frame(ordinal: ordinal, number: number), width: 3, height: 3)
            #expect(shown == frames[number - 1], "frame \(number)")
        }
    }

    /// A grey image of 8 bits, of whose pixels only the first are there.
    private func store(instance: String, rows: UInt16, columns: UInt16) throws -> IngestOutcome {
        var set = DataSetBuilder()
        set.text(.sopClassUID, .ui, "1.2.840.10008.5.1.4.1.1.7")
        set.text(.sopInstanceUID, .ui, instance)
        set.text(.patientID, .lo, "P1")
        set.text(.studyInstanceUID, .ui, "1.2.3")
        set.text(.seriesInstanceUID, .ui, "1.2.3.4")
        set.us(.samplesPerPixel, 1)
        set.text(.photometricInterpretation, .cs, "MONOCHROME2")
        set.us(.rows, rows)
        set.us(.columns, columns)
        set.us(.bitsAllocated, 8)
        set.us(.bitsStored, 8)
        set.us(.highBit, 7)
        set.us(.pixelRepresentation, 0)
        set.element(.pixelData, .ob, [1, 2, 3, 4])
        return try test.store(set.bytes)
    }

    @Test func `the largest image there is stays at hand while it is read, also beside another`() throws {
        let nodes = try ["9.1", "9.2"].map { instance in
            try test.node(try store(instance: instance, rows: 1023, columns: 65535)).of(.png)
        }
        var sizes: [Int] = []
        for node in nodes { sizes.append(try #require(try test.archive.image(node)).bytes.count) }
        #expect(sizes.allSatisfy { $0 > 67_000_000 })
        for node in nodes {
            let kept = try test.archive.images.value(ImageKey(node: node, isRaw: false)) { nil }
            #expect(kept?.bytes.count == sizes[0])
        }
    }

    @Test func `an image too large to be kept is not offered`() throws {
        let outcome = try store(instance: "9.3", rows: 1024, columns: 65535)
        let node = try test.node(outcome)
        #expect(try test.archive.image(node.of(.png))?.bytes.count == nil)
        let series = try #require(try test.archive.parent(of: node))
        #expect(try test.archive.entry(of: node, in: series)?.pngSize == 0)
    }

    @Test(.enabled(if: Python.path != nil, "\(Python.missing)"))
    func `an RGB image of odd length in big-endian words has the pixels that pydicom reads`() throws {
        let folder = try #require(Python.testFiles)
        let path = folder + "/SC_rgb_small_odd_big_endian.dcm"
        let read = try Python.run(
            "import sys, pydicom; print(list(pydicom.dcmread(sys.argv[1]).pixel_array.tobytes()))", [path])
        #expect(read.status == 0, "\(read.errors)")
        let outcome = try test.importFile([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))))
        let shown = try pixels(test.node(outcome).of(.png), width: 9, height: 3)
        #expect("\(shown)" == read.output.trimmingCharacters(in: .whitespacesAndNewlines))
    }
}
