import Glibc

/// Grey for every value a pixel can have: modality step, VOI step and polarity in one table, so that a pixel costs one look.
struct GreyTable {
    private let bits: Int
    private let shift: Int
    private let mask: Int
    private let isSigned: Bool
    private let grey: [UInt8]

    /// - Parameter pixels: the frame, of which the full range is taken when there is no window.
    init(_ description: PixelDescription, pixels: Pixels) {
        let isUsable =
            (1...description.bitsAllocated).contains(description.bitsStored)
            && (description.bitsStored - 1..<description.bitsAllocated).contains(description.highBit)
        let bits = isUsable ? description.bitsStored : description.bitsAllocated
        self.bits = bits
        shift = isUsable ? description.highBit + 1 - bits : 0
        mask = 1 << bits - 1
        isSigned = description.isSigned

        let modality = Modality(description)
        let toGrey: (Double) -> Double
        if let table = description.voiLUT, !table.entries.isEmpty {
            let top = Double(1 << min(16, max(1, table.bitsPerEntry)) - 1)
            toGrey = { table.entry(for: $0) / top * 255 }
        } else if let window = description.window, window.isUsable {
            toGrey = { window.grey(of: $0) }
        } else {
            toGrey = Self.fullRange(modality, pixels, bits: bits, shift: shift, isSigned: isSigned)
        }
        let isInverted = description.photometricInterpretation == "MONOCHROME1"
        var grey = [UInt8](repeating: 0, count: 1 << bits)
        for stored in grey.indices {
            let value = toGrey(modality.value(of: Self.number(stored, bits: bits, isSigned: isSigned)))
            let level = UInt8(min(255, max(0, value.isNaN ? 0 : value.rounded())))
            grey[stored] = isInverted ? 255 - level : level
        }
        self.grey = grey
    }

    /// Grey of a pixel's bytes taken as a number.
    @inline(__always)
    func callAsFunction(_ word: UInt16) -> UInt8 { grey[(Int(word) >> shift) & mask] }

    private static func number(_ stored: Int, bits: Int, isSigned: Bool) -> Int {
        isSigned && stored >> (bits - 1) != 0 ? stored - 1 << bits : stored
    }

    private static func fullRange(
        _ modality: Modality, _ pixels: Pixels, bits: Int, shift: Int, isSigned: Bool
    ) -> (Double) -> Double {
        var isSeen = [Bool](repeating: false, count: 1 << bits)
        for place in 0..<pixels.count { isSeen[(Int(pixels.word(place)) >> shift) & (1 << bits - 1)] = true }
        var low = Double.infinity
        var high = -Double.infinity
        for stored in isSeen.indices where isSeen[stored] {
            let value = modality.value(of: number(stored, bits: bits, isSigned: isSigned))
            if value.isFinite {
                low = min(low, value)
                high = max(high, value)
            }
        }
        guard high > low else { return { _ in 0 } }
        return { ($0 - low) / (high - low) * 255 }
    }
}

/// The modality step: stored values become those of the modality (PS3.3 C.11.1).
private struct Modality {
    let table: PixelDescription.Table?
    let slope: Double
    let intercept: Double

    init(_ description: PixelDescription) {
        table = description.modalityLUT.flatMap { $0.entries.isEmpty ? nil : $0 }
        slope = description.rescaleSlope
        intercept = description.rescaleIntercept
    }

    func value(of stored: Int) -> Double {
        if let table { return table.entry(for: Double(stored)) }
        return Double(stored) * slope + intercept
    }
}

extension PixelDescription.Window {
    /// Whether the standard allows it.
    fileprivate var isUsable: Bool {
        center.isFinite && width.isFinite && (function == .linear ? width >= 1 : width > 0)
    }

    /// 0 to 255.
    fileprivate func grey(of value: Double) -> Double {
        switch function {
        case .linear:
            let low = center - 0.5 - (width - 1) / 2
            let high = center - 0.5 + (width - 1) / 2
            if value <= low { return 0 }
            if value > high { return 255 }
            return ((value - (center - 0.5)) / (width - 1) + 0.5) * 255
        case .linearExact:
            if value <= center - width / 2 { return 0 }
            if value > center + width / 2 { return 255 }
            return ((value - center) / width + 0.5) * 255
        case .sigmoid:
            return 255 / (1 + exp(-4 * (value - center) / width))
        }
    }
}
