/// Makes the displayable image of uncompressed frames.
package enum Renderer {
    /// Grows with every change of the bytes that the same pixels become; part of the files' times.
    package static let epoch = 1

    /// The PNG of a frame: its size is that of the description's ``PixelDescription/pngShape``, or nil when that is.
    ///
    /// - Parameter frame: its bytes; missing ones are 0, more are left out.
    package static func png(_ description: PixelDescription, frame: RawSpan) -> [UInt8]? {
        guard let shape = description.pngShape else { return nil }
        return frame.withUnsafeBytes { frame in
            let pixels = Pixels(frame, description)
            return description.isColor ? color(shape, description, pixels) : grey(shape, description, pixels)
        }
    }

    private static func grey(_ shape: PNGShape, _ description: PixelDescription, _ pixels: Pixels) -> [UInt8] {
        let table = GreyTable(description, pixels: pixels)
        return rows(shape) { row, start in
            let first = start * shape.width
            for column in 0..<shape.width { row[column] = table(pixels.word(first + column)) }
        }
    }

    private static func color(_ shape: PNGShape, _ description: PixelDescription, _ pixels: Pixels) -> [UInt8] {
        let isPlanar = description.planarConfiguration == 1
        // Of 16 bits the upper 8 stored ones are shown.
        let bits = min(max(description.bitsStored, 1), description.bitsAllocated)
        let shift = description.bitsAllocated == 16 ? max(0, bits - 8) : 0
        let plane = shape.width * shape.height
        return rows(shape) { row, line in
            for column in 0..<shape.width {
                let pixel = line * shape.width + column
                for channel in 0..<3 {
                    let word = pixels.word(isPlanar ? channel * plane + pixel : pixel * 3 + channel)
                    row[column * 3 + channel] = UInt8(truncatingIfNeeded: word >> UInt16(shift))
                }
            }
        }
    }

    private static func rows(_ shape: PNGShape, _ fill: (UnsafeMutableBufferPointer<UInt8>, Int) -> Void) -> [UInt8] {
        var writer = PNGWriter(shape)
        let row = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: shape.width * shape.channels)
        defer { row.deallocate() }
        row.initialize(repeating: 0)
        for line in 0..<shape.height {
            fill(row, line)
            writer.add(row: UnsafeRawBufferPointer(row))
        }
        return writer.finish()
    }
}
