import CZlib

/// Makes a PNG of a known size from rows of pixels, given from top to bottom.
struct PNGWriter: ~Copyable {
    private let shape: PNGShape
    private var bytes: [UInt8] = []
    private var blocks: StoredBlocks
    private let dataStart: Int

    init(_ shape: PNGShape) {
        self.shape = shape
        blocks = StoredBlocks(total: shape.rowsLength)
        bytes.reserveCapacity(shape.fileSize)
        bytes += [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        var header = Self.big(UInt32(shape.width)) + Self.big(UInt32(shape.height))
        header += [8, shape.channels == 3 ? 2 : 0, 0, 0, 0]
        Self.append(chunk: "IHDR", header, to: &bytes)
        bytes += Self.big(UInt32(shape.streamLength))
        dataStart = bytes.count
        bytes += "IDAT".utf8
        // Deflate, 32 KiB window, no preset dictionary, fastest.
        bytes += [0x78, 0x01]
    }

    /// Adds a row of `width * channels` bytes.
    mutating func add(row: UnsafeRawBufferPointer) {
        withUnsafeBytes(of: UInt8(0)) { blocks.add($0, to: &bytes) }
        blocks.add(row, to: &bytes)
    }

    /// The file, after all rows.
    consuming func finish() -> [UInt8] {
        bytes += Self.big(blocks.checksum)
        bytes += Self.big(Self.checksum(bytes[dataStart...]))
        Self.append(chunk: "IEND", [], to: &bytes)
        return bytes
    }

    private static func append(chunk: String, _ data: [UInt8], to bytes: inout [UInt8]) {
        bytes += big(UInt32(data.count))
        let start = bytes.count
        bytes += chunk.utf8
        bytes += data
        bytes += big(checksum(bytes[start...]))
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.withUnsafeBytes { bytes in
            UInt32(crc32_z(0, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count))
        }
    }

    private static func big(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> UInt32($0)) }
    }
}

/// The stored blocks of a deflate stream (RFC 1951 section 3.2.4), all full but the last.
struct StoredBlocks {
    /// The most bytes of a stored block.
    static let longest = 65_535

    private var left: Int
    private var leftInBlock = 0
    /// Adler-32 of the bytes so far (RFC 1950).
    private(set) var checksum: UInt32 = 1

    /// - Parameter total: how many bytes will come.
    init(total: Int) { left = total }

    mutating func add(_ data: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        let start = data.baseAddress?.assumingMemoryBound(to: UInt8.self)
        checksum = UInt32(adler32_z(UInt(checksum), start, data.count))
        var rest = data[...]
        while !rest.isEmpty {
            if leftInBlock == 0 { beginBlock(&bytes) }
            let part = rest.prefix(leftInBlock)
            bytes.append(contentsOf: part)
            rest = rest.dropFirst(part.count)
            leftInBlock -= part.count
        }
    }

    private mutating func beginBlock(_ bytes: inout [UInt8]) {
        leftInBlock = min(left, Self.longest)
        left -= leftInBlock
        let length = UInt16(leftInBlock)
        bytes.append(left == 0 ? 1 : 0)
        for value in [length, ~length] {
            bytes.append(UInt8(truncatingIfNeeded: value))
            bytes.append(UInt8(truncatingIfNeeded: value >> 8))
        }
    }
}
