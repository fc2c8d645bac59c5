/// A bitmap to be shown on top of an image: group 60xx (PS3.3 C.9.2).
package struct OverlayPlane: Sendable {
    /// 0x6000 and even ones up to 0x601E.
    package let group: UInt16
    /// Height and width in pixels.
    package let rows: Int
    package let columns: Int
    /// Where its first pixel lies, counted from 1.
    package let origin: (row: Int, column: Int)
    /// The frames of the image it is for, counted from 1.
    package let frames: ClosedRange<Int>

    /// The bits of its data: one by pixel.
    package var dataTag: Tag { Tag(group, 0x3000) }

    /// The planes in a header that have data of their own. Those in unused bits of pixels (retired in 2004) are none.
    package static func planes(_ header: DataSetHeader) -> [OverlayPlane] {
        stride(from: UInt16(0x6000), through: 0x601E, by: 2).compactMap { OverlayPlane($0, header) }
    }

    private init?(_ group: UInt16, _ header: DataSetHeader) {
        func numbers(_ element: UInt16, _ vr: VR) -> [Int] { header.integers(Tag(group, element), as: vr) }
        guard let rows = numbers(0x0010, .us).first, let columns = numbers(0x0011, .us).first, rows > 0, columns > 0,
            header.contains(Tag(group, 0x3000)), numbers(0x0100, .us).first ?? 1 == 1
        else { return nil }
        self.group = group
        (self.rows, self.columns) = (rows, columns)
        let origin = numbers(0x0050, .ss)
        self.origin = origin.count == 2 ? (origin[0], origin[1]) : (1, 1)
        let count = min(max(1, header.integer(Tag(group, 0x0015)) ?? .max), Int(Int32.max))
        let first = max(1, numbers(0x0051, .us).first ?? 1)
        frames = first...(first + count - 1)
    }

    /// The bits for a frame of the image, counted from 0, in bytes of their own; nil when it has none.
    ///
    /// - Parameter data: the value of ``dataTag``; in big endian with its bytes in the order of words.
    package func bits(ofFrame frame: Int, data: [UInt8], isBigEndian: Bool) -> [UInt8]? {
        guard frames.contains(frame + 1) else { return nil }
        // A plane without a number of frames has one for all.
        let count = rows * columns
        let own = frame + 1 - frames.lowerBound
        let start = (own + 1) * count <= data.count * 8 ? own * count : 0
        func bit(_ place: Int) -> UInt8 {
            let byte = isBigEndian ? (place >> 3) ^ 1 : place >> 3
            return byte < data.count ? data[byte] >> UInt8(place & 7) & 1 : 0
        }
        // A plane may claim far more than there is.
        let present = min(count, max(0, data.count * 8 - start))
        var bits = [UInt8](repeating: 0, count: (present + 7) / 8)
        for place in 0..<present where bit(start + place) == 1 {
            bits[place >> 3] |= 1 << UInt8(place & 7)
        }
        return bits
    }
}
