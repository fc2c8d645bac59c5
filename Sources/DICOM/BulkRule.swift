/// Rule 1 of what is bulk. Permanent: stored recipes were cut by it.
enum BulkRule {
    /// A top-level value of defined length is bulk when longer than this.
    static let threshold: UInt32 = 65536

    /// Whether a top-level element's value is bulk.
    @inline(__always)
    static func isBulk(_ tag: Tag, length: UInt32) -> Bool {
        switch tag.rawValue {
        case 0x7FE0_0008, 0x7FE0_0009, 0x7FE0_0010, 0x0042_0011, 0x5600_0020: true
        default: length > threshold && length != ElementHeader.undefinedLength
        }
    }

    /// Whether a trailer may follow: the element holds the pixel data.
    @inline(__always)
    static func isPixelData(_ tag: Tag) -> Bool {
        switch tag.rawValue {
        case 0x7FE0_0008, 0x7FE0_0009, 0x7FE0_0010: true
        default: false
        }
    }
}
