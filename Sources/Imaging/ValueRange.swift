/// The smallest and largest value of a frame's pixels, those beside the frame and those that stand for none left out.
struct ValueRange {
    private let samples: Samples
    private let description: PixelDescription

    init(_ samples: Samples, _ description: PixelDescription) {
        self.samples = samples
        self.description = description
    }

    /// The range of the modality's values; nil when no pixel has a finite one.
    func of(_ modality: Modality) -> (low: Double, high: Double)? {
        let width = min(samples.width, description.columns)
        let lines = min(samples.height, description.rows)
        guard width > 0, lines > 0 else { return nil }
        if samples.isNarrow, modality.isMonotone, description.padding == nil, samples.bits.shift == 0 {
            guard let (low, high) = stored(width, lines) else { return nil }
            let ends = [modality.value(of: Double(low)), modality.value(of: Double(high))]
            return (min(ends[0], ends[1]), max(ends[0], ends[1]))
        }
        var low = Double.infinity
        var high = -Double.infinity
        withUnsafeTemporaryAllocation(of: Double.self, capacity: width) { values in
            for line in 0..<lines {
                samples.copy(line: line, to: values)
                for value in values.prefix(present(line, width)) {
                    if let padding = description.padding, padding.contains(value) { continue }
                    let value = modality.value(of: value)
                    guard value.isFinite else { continue }
                    low = min(low, value)
                    high = max(high, value)
                }
            }
        }
        return low <= high ? (low, high) : nil
    }

    /// How many samples of a row are there.
    private func present(_ line: Int, _ width: Int) -> Int { max(0, min(width, samples.count - line * samples.width)) }

    /// The smallest and largest stored value.
    private func stored(_ width: Int, _ lines: Int) -> (low: Int, high: Int)? {
        // Two's complement to the order of unsigned numbers, without the bits above those stored.
        let bits = samples.bits.count
        let mask = UInt16(truncatingIfNeeded: 1 << bits - 1)
        let flip: UInt16 = samples.isSigned ? 1 << UInt16(bits - 1) : 0
        var low = UInt16.max
        var high = UInt16.min
        var isThere = false
        withUnsafeTemporaryAllocation(of: UInt16.self, capacity: width) { words in
            for line in 0..<lines {
                samples.copy(line: line, to: words)
                for word in words.prefix(present(line, width)) {
                    let word = word & mask ^ flip
                    low = min(low, word)
                    high = max(high, word)
                    isThere = true
                }
            }
        }
        guard isThere else { return nil }
        return (samples.number(Int(low ^ flip)), samples.number(Int(high ^ flip)))
    }
}
