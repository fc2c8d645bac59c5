import CPNG

extension Picture {
    /// As a compressed PNG, by libpng: smaller, and of a size that nobody knows before.
    ///
    /// - Throws: ``PNGError`` when libpng fails.
    package func compressedPNG() throws(PNGError) -> [UInt8] {
        var image = png_image()
        image.version = png_uint_32(PNG_IMAGE_VERSION)
        image.width = png_uint_32(shape.width)
        image.height = png_uint_32(shape.height)
        // 16 bits are what libpng calls linear.
        if shape.channels == 3 { image.format |= png_uint_32(PNG_FORMAT_FLAG_COLOR) }
        if shape.bits == 16 { image.format |= png_uint_32(PNG_FORMAT_FLAG_LINEAR) }
        defer { png_image_free(&image) }
        let rowLength = shape.rowLength - 1
        let pixels = [UInt8](unsafeUninitializedCapacity: rowLength * shape.height) { buffer, count in
            for line in 0..<shape.height {
                fill(line, UnsafeMutableBufferPointer(rebasing: buffer[line * rowLength..<(line + 1) * rowLength]))
            }
            count = buffer.count
            guard shape.bits == 16 else { return }
            // It wants them in the processor's order.
            for place in stride(from: 0, to: buffer.count, by: 2) { buffer.swapAt(place, place + 1) }
        }
        // What libpng gives for the largest it can become.
        var size = shape.fileSize + shape.fileSize / 500 + 4096
        var file = [UInt8](repeating: 0, count: size)
        guard png_image_write_to_memory(&image, &file, &size, 0, pixels, 0, nil) != 0 else {
            let message = withUnsafeBytes(of: image.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            throw PNGError(description: "libpng: \(message)")
        }
        file.removeLast(file.count - size)
        return file
    }
}

/// Why libpng cannot write a file.
package struct PNGError: Error, CustomStringConvertible {
    package let description: String
}
