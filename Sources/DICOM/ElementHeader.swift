/// The header of one element or item as it stands in the bytes: tag, VR and length.
struct ElementHeader {
    var tag: Tag
    /// Nil in implicit VR, and for items and delimiters.
    var vr: VR?
    /// The declared length; `undefinedLength` when it is to be found by its delimiter.
    var length: UInt32
    /// 8 or 12.
    var headerLength: Int

    static let undefinedLength: UInt32 = 0xFFFF_FFFF
    /// The most bytes a header has.
    static let longest = 12

    var isUndefined: Bool { length == Self.undefinedLength }

    /// Reads the header at `start`, where `available` bytes (at least 8) can be read; nil when it needs 12 and has not
    /// got them.
    ///
    /// An explicit header whose VR is not two upper-case letters is read as an implicit one. A VR the standard does not
    /// know has a 32-bit length when its reserved bytes are zero (PS3.5 section 6.2), else a 16-bit one.
    @inline(__always)
    static func read(_ start: UnsafeRawPointer, available: Int, _ encoding: DataSetEncoding) -> ElementHeader? {
        let group = start.load16(0, encoding)
        let tag = Tag(group, start.load16(2, encoding))
        if encoding.isExplicit, group != 0xFFFE {
            let vr = VR(start.load(fromByteOffset: 4, as: UInt8.self), start.load(fromByteOffset: 5, as: UInt8.self))
            if vr.isWellFormed {
                let short = start.load16(6, encoding)
                guard vr.isLong || (short == 0 && !vr.isKnown) else {
                    return ElementHeader(tag: tag, vr: vr, length: UInt32(short), headerLength: 8)
                }
                guard available >= 12 else { return nil }
                return ElementHeader(tag: tag, vr: vr, length: start.load32(8, encoding), headerLength: 12)
            }
        }
        return ElementHeader(tag: tag, vr: nil, length: start.load32(4, encoding), headerLength: 8)
    }
}

extension UnsafeRawPointer {
    @inline(__always)
    func load16(_ offset: Int, _ encoding: DataSetEncoding) -> UInt16 {
        let value = loadUnaligned(fromByteOffset: offset, as: UInt16.self)
        return encoding.isBigEndian ? UInt16(bigEndian: value) : UInt16(littleEndian: value)
    }

    @inline(__always)
    func load32(_ offset: Int, _ encoding: DataSetEncoding) -> UInt32 {
        let value = loadUnaligned(fromByteOffset: offset, as: UInt32.self)
        return encoding.isBigEndian ? UInt32(bigEndian: value) : UInt32(littleEndian: value)
    }
}
