/// The samples of one uncompressed frame, as they lie there. Beyond the bytes that are there samples are 0.
struct Pixels {
    private let bytes: UnsafeRawBufferPointer
    private let isWide: Bool
    private let isBigEndian: Bool
    private let swapsBytes: Bool
    /// Samples whose bytes are all there.
    let count: Int

    init(_ bytes: UnsafeRawBufferPointer, _ description: PixelDescription) {
        isWide = description.bitsAllocated == 16
        isBigEndian = description.isBigEndian
        swapsBytes = description.isBigEndian && description.isWords
        let length = min(bytes.count, description.frameLength)
        self.bytes = UnsafeRawBufferPointer(rebasing: bytes[..<length])
        count = isWide ? length / 2 : length
    }

    /// A sample as a number.
    @inline(__always)
    func word(_ place: Int) -> UInt16 {
        guard place < count else { return 0 }
        guard isWide else { return UInt16(bytes[swapsBytes && place ^ 1 < count ? place ^ 1 : place]) }
        let word = bytes.loadUnaligned(fromByteOffset: place * 2, as: UInt16.self)
        return isBigEndian ? UInt16(bigEndian: word) : UInt16(littleEndian: word)
    }
}
