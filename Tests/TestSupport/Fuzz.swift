import DICOM
import Foundation

/// Broken inputs, always the same ones; `tools/fuzz` makes others.
package struct Fuzz {
    private let rounds: Int
    private let seeds: [[UInt8]]

    /// - Parameters:
    ///   - rounds: how many.
    ///   - seeds: what is broken.
    package init(rounds: Int, seeds: [[UInt8]]) {
        self.rounds = rounds
        self.seeds = seeds
    }

    /// Files, made and real.
    package static var files: [[UInt8]] { made + real }

    /// Calls `body` with one broken input after the other, and what chance decides besides.
    package func run(_ body: (_ input: [UInt8], _ random: inout Random) throws -> Void) rethrows {
        var random = Random(seed: 2026)
        for _ in 0..<rounds { try body(mutated(&random), &random) }
    }

    private func mutated(_ random: inout Random) -> [UInt8] {
        var bytes = seeds[Int.random(in: 0..<seeds.count, using: &random)]
        for _ in 0..<Int.random(in: 1...8, using: &random) { mutate(&bytes, &random) }
        return bytes
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout Random) {
        guard !bytes.isEmpty else { return }
        // Rather where elements are than in pixels.
        let start = Int.random(
            in: 0..<(Bool.random(using: &random) ? min(bytes.count, 2048) : bytes.count), using: &random)
        let length = min(
            bytes.count - start, Int.random(in: 1...(Bool.random(using: &random) ? 16 : 4096), using: &random))
        switch Int.random(in: 0..<8, using: &random) {
        case 0: bytes[start] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes[start] ^= 1 << UInt8.random(in: 0...7, using: &random)
        case 2: bytes.removeSubrange(start..<(start + length))
        case 3: bytes.insert(contentsOf: bytes[start..<(start + length)], at: start)
        case 4: bytes.removeSubrange(start...)
        case 5:
            let other = seeds[Int.random(in: 0..<seeds.count, using: &random)]
            let from = Int.random(in: 0..<other.count, using: &random)
            bytes.insert(contentsOf: other[from..<min(other.count, from + length)], at: start)
        default:
            let word = Self.words[Int.random(in: 0..<Self.words.count, using: &random)]
            bytes.replaceSubrange(start..<min(bytes.count, start + word.count), with: word)
        }
    }

    /// Lengths, VRs, items and delimiters that mean something to a reader.
    private static let words: [[UInt8]] = [
        [0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 0], [0xFF, 0xFF, 0xFF, 0x7F], [0xFE, 0xFF, 0xFF, 0xFF], [0, 0, 1, 0],
        [1, 0, 1, 0], [0xFF, 0xFF], [0, 0], [1, 0], [0, 1], [0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF],
        [0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0], [0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0],
        [0xFE, 0xFF, 0x00, 0xE0, 8, 0, 0, 0],
        Array("SQ".utf8) + [0, 0, 0xFF, 0xFF, 0xFF, 0xFF], Array("UN".utf8) + [0, 0, 0xFF, 0xFF, 0xFF, 0xFF],
        Array("OB".utf8) + [0, 0], Array("US".utf8), Array("SS".utf8), Array("UV".utf8) + [0, 0], Array("FD".utf8),
        Array("DS".utf8), Array("LO".utf8), Array("ZZ".utf8), [0xE0, 0x7F, 0x10, 0x00], [0xE0, 0x7F, 0x08, 0x00],
        [0x28, 0x00, 0x10, 0x00], [0x28, 0x00, 0x00, 0x01], [0x08, 0x00, 0x05, 0x00], [0x1B, 0x24, 0x42, 0x5C],
        [0x1B, 0x24, 0x28, 0x44], [0x1B, 0x2D, 0x46, 0xFF], Array("1e308".utf8), Array("-2147483649".utf8),
        Array("9223372036854775807".utf8), Array("nan".utf8), [0x5C, 0x5C],
        [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xEF, 0x7F],
    ]

    /// Small images in each encoding, one with functional groups, tables and a multi-byte character set.
    private static let made: [[UInt8]] = {
        let encodings: [DataSetEncoding] = [.explicitLittleEndian, .implicitLittleEndian, .explicitBigEndian]
        return encodings.map { DataSetBuilder.image($0).bytes } + [enhanced]
    }()

    private static var enhanced: [UInt8] {
        var set = DataSetBuilder()
        set.text(.specificCharacterSet, .cs, "\\ISO 2022 IR 87")
        let image = DataSetBuilder.image().bytes
        // The pixel data: an element header of 12 bytes and 32 of value.
        set.bytes += image.dropLast(44)
        set.text(.photometricInterpretation, .cs, "MONOCHROME2")
        set.text(.numberOfFrames, .is, "2")
        set.text(.rescaleSlope, .ds, "1e300")
        for sequence in [Tag.voiLUTSequence, .modalityLUTSequence] {
            set.start(sequence, .sq, DataSetBuilder.undefined)
            set.item()
            set.us(.lutDescriptor, 4, 65535, 16)
            set.us(.lutData, 0, 1, 2, 3)
            set.endItem()
            set.endSequence()
        }
        for sequence in [Tag.sharedFunctionalGroupsSequence, .perFrameFunctionalGroupsSequence] {
            set.start(sequence, .sq, DataSetBuilder.undefined)
            set.item()
            set.start(.frameVOILUTSequence, .sq, DataSetBuilder.undefined)
            set.item()
            set.text(.windowCenter, .ds, "40\\50")
            set.text(.windowWidth, .ds, "1\\0")
            set.endItem()
            set.endSequence()
            set.endItem()
            set.endSequence()
        }
        return set.bytes + image.suffix(44)
    }

    /// The real files of pydicom that are not large; none without it.
    private static let real: [[UInt8]] = {
        guard let root = Python.testFiles, let names = FileManager.default.enumerator(atPath: root) else { return [] }
        return names.compactMap { $0 as? String }.sorted().compactMap { name in
            guard let data = FileManager.default.contents(atPath: "\(root)/\(name)"), !data.isEmpty,
                data.count < 100_000
            else { return nil }
            return Array(data)
        }
    }()

    /// Numbers that look random and are always the same (SplitMix64).
    package struct Random: RandomNumberGenerator {
        private var state: UInt64

        package init(seed: UInt64) { state = seed }

        package mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
            return value ^ value >> 31
        }
    }
}
