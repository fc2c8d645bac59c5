/// The samples of one uncompressed frame, as they lie there. Beyond the bytes that are there samples are 0.
struct Pixels {
    private let bytes: UnsafeRawBufferPointer
    private let isWide: Bool
    private let isBigEndian: Bool
    private let swapsBytes: Bool
    /// Samples before the first one, of the frame before.
    private let skipped: Int
    /// Samples whose bytes are all there.
    let count: Int

    /// - Parameters:
    ///   - bytes: of a description whose ``PixelDescription/pngShape`` is not nil.
    ///   - beginsWithinWord: the first sample is the second of the first pair.
    init(_ bytes: UnsafeRawBufferPointer, _ description: PixelDescription, beginsWithinWord: Bool = false) {
        self.bytes = bytes
        isWide = description.bitsAllocated == 16
        isBigEndian = description.isBigEndian
        swapsBytes = description.swapsBytes
        skipped = swapsBytes && beginsWithinWord ? 1 : 0
        // Of a pair cut in half the byte that is there is the second sample.
        let present = swapsBytes ? max(0, (bytes.count + 1) & ~1 - skipped) : bytes.count
        let length = min(present, description.frameLength)
        count = isWide ? length / 2 : length
    }

    /// Copies samples as numbers, as many as there is room for.
    func copy(from first: Int, to words: UnsafeMutableBufferPointer<UInt16>) {
        let present = max(0, min(words.count, count - first))
        if isWide {
            for place in 0..<present {
                let word = bytes.loadUnaligned(fromByteOffset: (first + place) * 2, as: UInt16.self)
                words[place] = UInt16(littleEndian: word)
            }
            if isBigEndian {
                for place in 0..<present { words[place] = words[place].byteSwapped }
            }
        } else if swapsBytes {
            for place in 0..<present {
                let other = (first + place + skipped) ^ 1
                words[place] = other < bytes.count ? UInt16(bytes[other]) : 0
            }
        } else {
            for place in 0..<present { words[place] = UInt16(bytes[first + place]) }
        }
        for place in present..<words.count { words[place] = 0 }
    }
}
