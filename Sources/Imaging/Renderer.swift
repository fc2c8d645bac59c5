/// Makes the displayable image of uncompressed frames.
package enum Renderer {
    /// Grows with every change of the bytes that the same pixels become; part of the files' times.
    package static let epoch = 1

    /// The PNG of a frame: its size is that of the description's ``PixelDescription/pngShape``, or nil when that is.
    ///
    /// - Parameters:
    ///   - frame: its bytes; missing ones are 0, more are left out. Of a description that ``PixelDescription/swapsBytes``
    ///     all words that have a part of the frame, which is a byte more before an odd start and behind an odd end.
    ///   - beginsWithinWord: whether there is a byte more before the start.
    package static func png(
        _ description: PixelDescription, frame: RawSpan, beginsWithinWord: Bool = false
    ) -> [UInt8]? {
        guard let shape = description.pngShape else { return nil }
        return frame.withUnsafeBytes { frame in
            let pixels = Pixels(frame, description, beginsWithinWord: beginsWithinWord)
            return description.isColor ? color(shape, description, pixels) : grey(shape, description, pixels)
        }
    }

    private static func grey(_ shape: PNGShape, _ description: PixelDescription, _ pixels: Pixels) -> [UInt8] {
        let words = UnsafeMutableBufferPointer<UInt16>.allocate(capacity: shape.width)
        defer { words.deallocate() }
        return GreyTable(description, pixels: pixels, total: shape.width * shape.height).withGreys { greys in
            PNGWriter.file(shape) { line, row in
                pixels.copy(from: line * shape.width, to: words)
                for column in 0..<shape.width { row[column] = greys[Int(words[column])] }
            }
        }
    }

    private static func color(_ shape: PNGShape, _ description: PixelDescription, _ pixels: Pixels) -> [UInt8] {
        // Of 16 bits the upper 8 stored ones are shown.
        let stored = description.storedBits
        let shift = UInt16(max(0, stored.shift + stored.count - 8))
        let words = UnsafeMutableBufferPointer<UInt16>.allocate(capacity: shape.width * 3)
        defer { words.deallocate() }
        return PNGWriter.file(shape) { line, row in
            if description.planarConfiguration == 1 {
                for plane in 0..<3 {
                    let first = (plane * shape.height + line) * shape.width
                    let part = UnsafeMutableBufferPointer(rebasing: words[..<shape.width])
                    pixels.copy(from: first, to: part)
                    for column in 0..<shape.width {
                        row[column * 3 + plane] = UInt8(truncatingIfNeeded: part[column] >> shift)
                    }
                }
            } else {
                pixels.copy(from: line * shape.width * 3, to: words)
                for place in 0..<words.count { row[place] = UInt8(truncatingIfNeeded: words[place] >> shift) }
            }
        }
    }
}
