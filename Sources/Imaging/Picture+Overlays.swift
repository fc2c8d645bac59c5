extension Picture {
    /// The picture with bitmaps on top, white.
    func with(_ overlays: [PixelDescription.Overlay]) -> Picture {
        guard !overlays.isEmpty else { return self }
        let channels = shape.channels
        return Picture(shape: shape) { line, row in
            fill(line, row)
            for overlay in overlays {
                let overlayLine = line - overlay.row
                guard overlayLine >= 0, overlayLine < overlay.rows else { continue }
                for column in max(0, overlay.column)..<max(0, overlay.column, overlay.column + overlay.columns)
                where column < shape.width {
                    let bit = overlayLine * overlay.columns + column - overlay.column
                    guard bit >> 3 < overlay.bits.count, overlay.bits[bit >> 3] >> UInt8(bit & 7) & 1 == 1 else {
                        continue
                    }
                    for channel in 0..<channels { row[column * channels + channel] = 255 }
                }
            }
        }
    }
}
