import CDeflate

/// Makes a PNG of a known size from rows of pixels, in one piece of memory.
struct PNGWriter: ~Copyable {
    private let buffer: UnsafeMutableBufferPointer<UInt8>
    private var count = 0

    /// The file of a shape; `fill` writes the `width * channels * bits / 8` bytes of each row, from top to bottom.
    static func file(
        _ shape: PNGShape, fill: (_ line: Int, _ row: UnsafeMutableBufferPointer<UInt8>) -> Void
    ) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: shape.fileSize) { buffer, count in
            var writer = PNGWriter(buffer: buffer)
            writer.write(shape, fill)
            count = writer.count
        }
    }

    private init(buffer: UnsafeMutableBufferPointer<UInt8>) { self.buffer = buffer }

    private mutating func write(_ shape: PNGShape, _ fill: (Int, UnsafeMutableBufferPointer<UInt8>) -> Void) {
        append([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        append(chunk: "IHDR", length: 13) { writer in
            writer.append(big: UInt32(shape.width))
            writer.append(big: UInt32(shape.height))
            writer.append([UInt8(shape.bits), shape.channels == 3 ? 2 : 0, 0, 0, 0])
        }
        append(chunk: "IDAT", length: shape.streamLength) { $0.writeStream(shape, fill) }
        append(chunk: "IEND", length: 0) { _ in }
    }

    private mutating func append(chunk: String, length: Int, _ data: (inout PNGWriter) -> Void) {
        append(big: UInt32(length))
        let start = count
        append(Array(chunk.utf8))
        data(&self)
        append(big: libdeflate_crc32(0, buffer.baseAddress.map { $0 + start }, count - start))
    }

    /// The zlib stream (RFC 1950): stored blocks of the rows (RFC 1951 section 3.2.4), all full but the last.
    private mutating func writeStream(_ shape: PNGShape, _ fill: (Int, UnsafeMutableBufferPointer<UInt8>) -> Void) {
        // Deflate, 32 KiB window, no preset dictionary, fastest.
        append([0x78, 0x01])
        // For rows that lie in two blocks or more.
        let apart = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: shape.rowLength)
        defer { apart.deallocate() }
        var left = shape.rowsLength
        var leftInBlock = 0
        var checksum: UInt32 = 1
        for line in 0..<shape.height {
            if leftInBlock == 0 { leftInBlock = beginBlock(&left) }
            let fits = leftInBlock >= shape.rowLength
            let row = fits ? UnsafeMutableBufferPointer(rebasing: buffer[count..<count + shape.rowLength]) : apart
            // Filter type 0, then the pixels.
            row[0] = 0
            fill(line, UnsafeMutableBufferPointer(rebasing: row[1...]))
            checksum = libdeflate_adler32(checksum, row.baseAddress, row.count)
            if fits {
                count += row.count
                leftInBlock -= row.count
                continue
            }
            var rest = row[...]
            while !rest.isEmpty {
                if leftInBlock == 0 { leftInBlock = beginBlock(&left) }
                let part = rest.prefix(leftInBlock)
                append(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(row)[part.indices]))
                rest = rest.dropFirst(part.count)
                leftInBlock -= part.count
            }
        }
        append(big: checksum)
    }

    /// Begins a stored block, as long as it may be or as bytes are left; gives its length.
    private mutating func beginBlock(_ left: inout Int) -> Int {
        let length = min(left, PNGShape.longestBlock)
        left -= length
        append([left == 0 ? 1 : 0])
        append(little: UInt16(length))
        append(little: ~UInt16(length))
        return length
    }

    private mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...]).copyMemory(from: bytes)
        count += bytes.count
    }

    private mutating func append(big value: UInt32) {
        append([24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> UInt32($0)) })
    }

    private mutating func append(little value: UInt16) {
        append([UInt8(truncatingIfNeeded: value), UInt8(value >> 8)])
    }
}
