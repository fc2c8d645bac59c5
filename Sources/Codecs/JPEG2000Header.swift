/// The size marker segment of a JPEG 2000 codestream (ISO 15444-1 annex A.5.1), read before OpenJPEG, which takes memory for all
/// that it says.
struct JPEG2000Header {
    let width: Int
    let height: Int
    let components: Int
    /// Bits of the first component.
    let precision: Int
    let tiles: Int

    /// - Parameter bytes: a codestream, or a JP2 file that has one.
    init(_ bytes: UnsafeRawBufferPointer) throws(CodecError) {
        guard let start = Self.codestream(bytes), start + 44 <= bytes.count else {
            throw CodecError("the JPEG 2000 codestream has no size")
        }
        func number(_ place: Int) -> Int {
            Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: start + place, as: UInt32.self)))
        }
        // Behind SOC, SIZ, its length and capabilities.
        let (right, bottom, left, top) = (number(8), number(12), number(16), number(20))
        let (tileWidth, tileHeight, tileLeft, tileTop) = (number(24), number(28), number(32), number(36))
        components = Int(bytes[start + 40]) << 8 | Int(bytes[start + 41])
        precision = Int(bytes[start + 42] & 0x7F) + 1
        guard right > left, bottom > top, tileWidth > 0, tileHeight > 0, tileLeft <= left, tileTop <= top else {
            throw CodecError("the size of the JPEG 2000 codestream is broken")
        }
        width = right - left
        height = bottom - top
        tiles = ((right - tileLeft + tileWidth - 1) / tileWidth) * ((bottom - tileTop + tileHeight - 1) / tileHeight)
    }

    /// Where the codestream begins: SOC, then SIZ.
    private static func codestream(_ bytes: UnsafeRawBufferPointer) -> Int? {
        let marker: [UInt8] = [0xFF, 0x4F, 0xFF, 0x51]
        // The boxes before it are short.
        return (0..<min(4096, max(0, bytes.count - 3))).first { start in
            (0..<4).allSatisfy { bytes[start + $0] == marker[$0] }
        }
    }

    /// Throws when it is not what a frame of such a size has: of far more pixels, too many components, or tiles of less than 32 x 32
    /// pixels.
    func check(against wanted: FrameFormat) throws(CodecError) {
        let format = FrameFormat(
            width: width, height: height, samplesPerPixel: components >= 3 ? 3 : 1,
            bitsAllocated: precision <= 16 ? 16 : 32,
            bitsStored: min(32, precision), isSigned: false)
        guard (1...4).contains(components), precision <= 32 else {
            throw CodecError("the JPEG 2000 codestream has \(components) components of \(precision) bits")
        }
        try format.check(against: wanted)
        guard tiles <= 64 + width * height / 1024 else {
            throw CodecError("the JPEG 2000 codestream has \(tiles) tiles for \(width) x \(height) pixels")
        }
    }
}
