import Codecs

extension Picture {
    /// The picture of samples of three colours; of more than 8 stored bits the upper 8 are shown.
    static func color(_ samples: Samples, isYBR: Bool, _ shape: PNGShape) -> Picture {
        let shift = max(0, samples.bits.shift + samples.bits.count - 8)
        guard samples.isNarrow else { return wide(samples, isYBR: isYBR, shape) }
        let words = Row<UInt16>(shape.width * 3)
        if !isYBR, shift == 0 {
            return Picture(shape: shape) { line, row in
                samples.copy(line: line, to: words.elements)
                for place in 0..<row.count { row[place] = UInt8(truncatingIfNeeded: words.elements[place]) }
            }
        }
        return Picture(shape: shape) { line, row in
            samples.copy(line: line, to: words.elements)
            for place in 0..<row.count {
                row[place] = UInt8(truncatingIfNeeded: words.elements[place] >> UInt16(shift))
            }
            if isYBR { convert(row) }
        }
    }

    private static func wide(_ samples: Samples, isYBR: Bool, _ shape: PNGShape) -> Picture {
        let values = Row<Double>(shape.width * 3)
        // Signed ones are taken for what they would be without sign.
        let scale = 256 / Double(1 << samples.bits.count)
        let full = Double(1 << samples.bits.count)
        return Picture(shape: shape) { line, row in
            samples.copy(line: line, to: values.elements)
            for place in 0..<row.count {
                let value = values.elements[place]
                row[place] = UInt8(min(255, max(0, ((value < 0 ? value + full : value) * scale).rounded(.down))))
            }
            if isYBR { convert(row) }
        }
    }

    /// Luminance and colour differences to red, green and blue, in place (PS3.3 C.7.6.3.1.2), rounded to the nearest.
    private static func convert(_ row: UnsafeMutableBufferPointer<UInt8>) {
        for pixel in stride(from: 0, to: row.count, by: 3) {
            // 16 bits behind the point.
            let y = Int32(row[pixel]) << 16 + 1 << 15
            let blue = Int32(row[pixel + 1]) - 128
            let red = Int32(row[pixel + 2]) - 128
            row[pixel] = clamped(y + 91_881 * red)
            row[pixel + 1] = clamped(y - 22_554 * blue - 46_802 * red)
            row[pixel + 2] = clamped(y + 116_130 * blue)
        }
    }

    @inline(__always)
    private static func clamped(_ value: Int32) -> UInt8 { UInt8(max(0, min(255, value >> 16))) }
}
