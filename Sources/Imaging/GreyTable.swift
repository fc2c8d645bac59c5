import Glibc

/// Grey for every word that occurs in a frame: modality step, VOI step and polarity in one table, so that a pixel costs one
/// look.
struct GreyTable {
    private let bits: (count: Int, shift: Int)
    private let isSigned: Bool
    /// By word; of those that do not occur 0.
    private var greys = [UInt8](repeating: 0, count: 1 << 16)

    /// - Parameters:
    ///   - pixels: the frame, of which the full range is taken when there is no window.
    ///   - total: how many pixels are shown; those missing are 0, but not in that range.
    init(_ description: PixelDescription, pixels: Pixels, total: Int) {
        bits = description.storedBits
        isSigned = description.isSigned
        let modality = Modality(description)
        // What occurs, as the modality's values.
        var words = Self.words(in: pixels)
        var values = words.map { modality.value(of: number($0)) }
        let voi = VOI(description, values)
        if pixels.count < total {
            words.append(0)
            values.append(modality.value(of: 0))
        }
        let isInverted = description.photometricInterpretation == "MONOCHROME1"
        for (word, value) in zip(words, values) {
            let grey = voi.grey(of: value)
            let level = UInt8(min(255, max(0, grey.isNaN ? 0 : grey.rounded())))
            greys[word] = isInverted ? 255 - level : level
        }
    }

    /// Gives grey by word.
    func withGreys<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        greys.withUnsafeBufferPointer(body)
    }

    /// The words that occur, each once.
    private static func words(in pixels: Pixels) -> [Int] {
        var occurs = [Bool](repeating: false, count: 1 << 16)
        withUnsafeTemporaryAllocation(of: UInt16.self, capacity: 4096) { some in
            occurs.withUnsafeMutableBufferPointer { occurs in
                for first in stride(from: 0, to: pixels.count, by: some.count) {
                    let part = UnsafeMutableBufferPointer(rebasing: some[..<min(some.count, pixels.count - first)])
                    pixels.copy(from: first, to: part)
                    for word in part { occurs[Int(word)] = true }
                }
            }
        }
        return occurs.indices.filter { occurs[$0] }
    }

    private func number(_ word: Int) -> Int {
        let stored = word >> bits.shift & (1 << bits.count - 1)
        return isSigned && stored >> (bits.count - 1) != 0 ? stored - 1 << bits.count : stored
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

/// The VOI step: the modality's values become grey, 0 to 255 and beyond (PS3.3 C.11.2).
private enum VOI {
    case table(PixelDescription.Table)
    case window(PixelDescription.Window)
    case range(low: Double, high: Double)
    case nothing

    /// - Parameter values: those that occur, of which the range is taken without a table or window that can be used.
    init(_ description: PixelDescription, _ values: [Double]) {
        if let table = description.voiLUT, !table.entries.isEmpty {
            self = .table(table)
        } else if let window = description.window, window.isUsable {
            self = .window(window)
        } else {
            let values = values.filter(\.isFinite)
            let low = values.min() ?? 0
            let high = values.max() ?? 0
            self = high > low ? .range(low: low, high: high) : .nothing
        }
    }

    func grey(of value: Double) -> Double {
        switch self {
        case .table(let table): table.entry(for: value) / Double(1 << min(16, max(1, table.bitsPerEntry)) - 1) * 255
        case .window(let window): window.grey(of: value)
        case .range(let low, let high): (value - low) / (high - low) * 255
        case .nothing: 0
        }
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
