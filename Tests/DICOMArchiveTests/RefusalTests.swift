import ContentStore
import DICOM
import Foundation
import TestSupport
import Testing

@testable import DICOMArchive

/// What is not DICOM, broken or hostile: a sentence, and nothing stored.
@Suite struct RefusalTests {
    private let test: ArchiveUnderTest

    init() throws { test = try ArchiveUnderTest() }

    /// Why an import is refused. Nothing may be left of it but chunks, which a sweep takes.
    private func refusal(_ bytes: [UInt8], name: String = "x.dcm") throws -> ArchiveError {
        let error = try #require(
            #expect(throws: ArchiveError.self) { try test.importFile(bytes, name: name) })
        #expect(error.description.hasPrefix("\(name): "))
        #expect(try test.rows() == [:])
        _ = try test.archive.sweep()
        #expect(try test.archive.statistics().chunks == 0)
        #expect(try test.store(Sample().bytes).result == .stored)
        #expect(try test.problems() == [])
        return error
    }

    @Test(
        arguments: [
            [], [1], Array("hello, world".utf8), [UInt8](repeating: 0, count: 200_000), [0xFF, 0xD8, 0xFF, 0xE0],
        ] as [[UInt8]])
    func `what is not DICOM is nothing to store`(bytes: [UInt8]) throws {
        let error = try refusal(bytes)
        #expect(error.code == .notAnInstance)
        #expect(error.description == "x.dcm: not a DICOM file")
    }

    @Test func `a DICOMDIR is nothing to store`() throws {
        var group = DataSetBuilder()
        group.text(Tag(2, 2), .ui, "1.2.840.10008.1.3.10")
        group.text(Tag(2, 0x10), .ui, explicitLittleEndian)
        group.text(Tag(4, 0x1130), .cs, "DISK")
        let error = try refusal([UInt8](repeating: 0, count: 128) + Array("DICM".utf8) + group.bytes)
        #expect(error.code == .notAnInstance)
        #expect(error.description == "x.dcm: a DICOMDIR, not an image")
    }

    @Test(arguments: [1, 60, 128, 139, 300_000])
    func `a file that is cut off is refused`(missing: Int) throws {
        let file = foreignHead + Sample(filler: (600_000, 1)).bytes
        #expect(try refusal(Array(file.dropLast(missing))).code == .refused)
    }

    @Test func `a head alone is refused`() throws {
        let error = try refusal(foreignHead)
        #expect(error.code == .refused)
        #expect(error.description.contains("UID"))
    }

    @Test(arguments: Level.allCases.dropFirst(), ["", " ", String(repeating: "1", count: 65), "1/2"])
    func `a UID that is missing, too long or unusable is refused by name`(level: Level, value: String) throws {
        var sample = Sample()
        switch level {
        case .study: sample.study = value
        case .series: sample.series = value
        default: sample.instance = value
        }
        let error = try refusal(sample.bytes)
        #expect(error.code == .refused)
        #expect(error.description.contains("Instance UID"))
    }

    @Test func `a Patient ID that is too long is refused`() throws {
        let error = try refusal(Sample(patient: String(repeating: "x", count: 258)).bytes)
        #expect(error.description.contains("Patient ID"))
    }

    @Test func `endless nesting is refused`() throws {
        var set = DataSetBuilder()
        for _ in 0..<100_000 {
            set.start(Tag(0x0008, 0x1140), .sq, DataSetBuilder.undefined)
            set.item()
        }
        #expect(try refusal(foreignHead + set.bytes).code == .refused)
    }

    @Test func `a header without end is refused`() throws {
        var set = DataSetBuilder()
        set.text(.sopClassUID, .ui, "1.2.840.10008.5.1.4.1.1.2")
        let element = [UInt8](repeating: 0x20, count: 60_000)
        for _ in 0..<300 { set.element(Tag(0x0009, 0x1010), .un, element) }
        #expect(try refusal(foreignHead + set.bytes).code == .refused)
    }

    @Test func `bulk values without end are refused`() throws {
        var set = DataSetBuilder()
        set.text(.sopClassUID, .ui, "1.2.840.10008.5.1.4.1.1.2")
        for _ in 0..<70_000 { set.element(Tag(0x5600, 0x0020), .of, [0, 0, 0, 0]) }
        let error = try refusal(foreignHead + set.bytes)
        #expect(error.code == .refused)
        #expect(error.description.contains("bulk values"))
    }

    @Test func `a small file that inflates to a large header is refused`() throws {
        var group = DataSetBuilder()
        group.text(Tag(2, 0x10), .ui, "1.2.840.10008.1.2.1.99")
        let head = [UInt8](repeating: 0, count: 128) + Array("DICM".utf8) + group.bytes
        let bomb = deflateBomb(repeating: [0x08, 0, 0x20, 0, 0x44, 0x41, 0, 0], times: 100_000)
        #expect(bomb.count < 200_000)
        #expect(try refusal(head + bomb).code == .refused)
    }

    @Test func `bytes of any kind leave nothing behind, and no thread dead`() throws {
        var generator = Seeded(3)
        let file = foreignHead + Sample(frames: 2).bytes
        var stored = 0
        for _ in 0..<400 {
            var bytes = file
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                bytes[Int.random(in: 132..<bytes.count, using: &generator)] = UInt8.random(
                    in: 0...255, using: &generator)
            }
            do {
                let outcome = try test.importFile(bytes)
                stored += 1
                // What is accepted comes back as it was.
                let version: Int =
                    switch outcome.result {
                    case .newVersion(let number): number
                    default: 1
                    }
                let node = try #require(try test.archive.version(version, ofInstance: test.node(outcome))).node
                if outcome.result != .alreadyStored { #expect(try test.bytes(node) == bytes) }
                _ = try? test.archive.image(node.of(.png))
            } catch let error as ArchiveError {
                #expect(error.code == .refused || error.code == .notAnInstance)
            }
        }
        #expect(stored > 50)
        #expect(try test.problems() == [])
    }

    /// A raw DEFLATE stream (RFC 1951): eight bytes, then matches of 258 bytes at distance 8, in one fixed block.
    private func deflateBomb(repeating bytes: [UInt8], times: Int) -> [UInt8] {
        var output: [UInt8] = []
        var bit = 0
        func put(_ value: Int, _ count: Int, reversed: Bool = false) {
            for place in 0..<count {
                if bit % 8 == 0 { output.append(0) }
                let one = value >> (reversed ? count - 1 - place : place) & 1
                output[output.count - 1] |= UInt8(one << (bit % 8))
                bit += 1
            }
        }
        put(1, 1)
        put(1, 2)
        // Huffman codes go in from their highest bit; 0-143 are 8 bits from 0x30 on, 144-255 9 bits from 0x190 on.
        for byte in bytes {
            byte < 144 ? put(0x30 + Int(byte), 8, reversed: true) : put(0x190 + Int(byte) - 144, 9, reversed: true)
        }
        for _ in 0..<times {
            put(0xC5, 8, reversed: true)  // 285: length 258
            put(5, 5, reversed: true)  // distance 7 or 8
            put(1, 1)
        }
        put(0, 7)
        return output
    }
}
