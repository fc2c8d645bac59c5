/// The size marker segment of a JPEG 2000 codestream (ISO 15444-1 annex A.5.1), read before OpenJPEG, which takes memory for all
/// that it says.
struct JPEG2000Header {
    let width: Int
    let height: Int
    let components: Int
    /// Bits of the first component.
    let precision: Int
    let tiles: Int

    /// - Parameter bytes: a codestream: SOC, then SIZ.
    init(_ bytes: UnsafeRawBufferPointer) throws(CodecError) {
        guard bytes.starts(with: [0xFF, 0x4F, 0xFF, 0x51]), bytes.count >= 44 else {
            throw CodecError("the JPEG 2000 codestream has no size")
        }
        func number(_ place: Int) -> Int {
            Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)))
        }
        // Behind SOC, SIZ, its length and capabilities.
        let (right, bottom, left, top) = (number(8), number(12), number(16), number(20))
        let (tileWidth, tileHeight, tileLeft, tileTop) = (number(24), number(28), number(32), number(36))
        components = Int(bytes[40]) << 8 | Int(bytes[41])
        precision = Int(bytes[42] & 0x7F) + 1
        guard right > left, bottom > top, tileWidth > 0, tileHeight > 0, tileLeft <= left, tileTop <= top else {
            throw CodecError("the size of the JPEG 2000 codestream is broken")
        }
        width = right - left
        height = bottom - top
        let across = (right - tileLeft + tileWidth - 1) / tileWidth
        let down = (bottom - tileTop + tileHeight - 1) / tileHeight
        let (tiles, isTooMany) = across.multipliedReportingOverflow(by: down)
        self.tiles = isTooMany ? .max : tiles
    }

    /// Throws when it is not what a frame of such a size has: of far more pixels, too many components, or tiles of less than 32 x 32
    /// pixels.
    func check(against wanted: FrameFormat) throws(CodecError) {
        let format = FrameFormat(
            width: width, height: height, samplesPerPixel: components >= 3 ? 3 : 1,
            bitsAllocated: precision <= 16 ? 16 : 32, bitsStored: min(32, precision), isSigned: false)
        guard (1...4).contains(components), precision <= 32 else {
            throw CodecError("the JPEG 2000 codestream has \(components) components of \(precision) bits")
        }
        try format.check(against: wanted)
        guard tiles <= 64 + width * height / 1024 else {
            throw CodecError("the JPEG 2000 codestream has \(tiles) tiles for \(width) x \(height) pixels")
        }
    }

    /// The codestream in a JP2 file (annex I), or the bytes themselves; nil when there is none.
    static func codestream(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard bytes.starts(with: JPEG2000.boxSignature) else { return bytes }
        var place = 0
        // Length and type, and a longer length when that is 1; 0 stands for up to the end.
        while place + 16 <= bytes.count {
            var length = Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)))
            var start = place + 8
            if length == 1 {
                length = Int(clamping: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self)))
                start += 8
            }
            let end = length == 0 ? bytes.count : min(bytes.count, place + min(length, bytes.count))
            guard end >= start else { return nil }
            if bytes[(place + 4)...].starts(with: "jp2c".utf8) {
                return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            }
            place = end
        }
        return nil
    }
}
