/// What decides the size of a PNG whose zlib stream has stored blocks only.
///
/// The size is served as st_size long before the pixels are looked at: the layout must not change (PNG 1.2; RFC 1950, 1951).
package struct PNGShape: Hashable, Sendable {
    /// Pixels.
    package let width: Int
    /// Pixels.
    package let height: Int
    /// 1 grey, 3 RGB.
    package let channels: Int
    /// Of each channel: 8 or 16.
    package let bits: Int

    /// The largest file made, 64 MiB: it is put together in memory, and kept there while it is read.
    package static let largestFile = 64 << 20

    /// A shape; nil when a dimension is 0 or above 65,535 (what Rows and Columns can say), or the file would be too large.
    package init?(width: Int, height: Int, channels: Int, bits: Int = 8) {
        guard (1...65535).contains(width), (1...65535).contains(height), channels == 1 || channels == 3,
            bits == 8 || bits == 16
        else { return nil }
        self.width = width
        self.height = height
        self.channels = channels
        self.bits = bits
        guard fileSize <= Self.largestFile else { return nil }
    }

    /// Bytes of a row: the filter type, then the pixels.
    var rowLength: Int { 1 + width * channels * bits / 8 }

    /// Bytes of all rows.
    var rowsLength: Int { height * rowLength }

    /// Stored blocks of at most 65,535 bytes.
    var blocks: Int { (rowsLength + Self.longestBlock - 1) / Self.longestBlock }

    /// The most bytes of a stored block (RFC 1951 section 3.2.4).
    static let longestBlock = 65_535

    /// Bytes of the zlib stream: header, blocks, checksum.
    var streamLength: Int { 2 + rowsLength + 5 * blocks + 4 }

    /// Bytes of the file: signature, IHDR, one IDAT, IEND.
    package var fileSize: Int { 8 + 25 + 12 + streamLength + 12 }
}
