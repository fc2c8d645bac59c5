import Glibc

/// Stored values to grey: modality step, VOI step, polarity (PS3.4 annex N.2).
struct GreyTransform: Hashable {
    private let modality: Modality
    private let voi: VOI
    private let isInverted: Bool

    /// - Parameter range: gives the smallest and largest of the modality's values, to be taken without a table or window that can be
    ///   used; nil when there are none.
    init(_ description: PixelDescription, range: (Modality) -> (low: Double, high: Double)?) {
        modality = Modality(description)
        isInverted = description.photometricInterpretation == "MONOCHROME1"
        if let table = description.voiLUT, !table.entries.isEmpty {
            voi = .table(table)
        } else if let window = description.window, window.isUsable {
            voi = .window(window)
        } else if let (low, high) = range(modality), high > low {
            voi = .range(low: low, high: high)
        } else {
            voi = .nothing
        }
    }

    /// The grey of a stored value.
    @inline(__always)
    func level(of stored: Double) -> UInt8 {
        let grey = voi.grey(of: modality.value(of: stored))
        let level = UInt8(min(255, max(0, grey.isNaN ? 0 : grey.rounded())))
        return isInverted ? 255 - level : level
    }
}

/// The modality step: stored values become those of the modality (PS3.3 C.11.1).
struct Modality: Hashable {
    private let table: PixelDescription.Table?
    private let slope: Double
    private let intercept: Double

    init(_ description: PixelDescription) {
        table = description.modalityLUT.flatMap { $0.entries.isEmpty ? nil : $0 }
        slope = description.rescaleSlope
        intercept = description.rescaleIntercept
    }

    /// Whether larger stored values become larger ones, or all become smaller ones.
    var isMonotone: Bool { table == nil && slope.isFinite && intercept.isFinite }

    func value(of stored: Double) -> Double {
        if let table { return table.entry(for: stored) }
        return stored * slope + intercept
    }
}

/// The VOI step: the modality's values become grey, 0 to 255 and beyond (PS3.3 C.11.2).
private enum VOI: Hashable {
    case table(PixelDescription.Table)
    case window(PixelDescription.Window)
    case range(low: Double, high: Double)
    case nothing

    func grey(of value: Double) -> Double {
        switch self {
        case .table(let table): table.entry(for: value) / table.full * 255
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
