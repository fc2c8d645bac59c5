import Codecs

extension PixelDescription {
    /// The samples of a packed frame in bytes and order of their own, and the description of those.
    ///
    /// - Parameters:
    ///   - bytes: those of ``place(ofFrame:)``, as far as they are there.
    ///   - firstBit: as there.
    func unpacked(_ bytes: UnsafeRawBufferPointer, firstBit: Int) -> (samples: [UInt8], description: PixelDescription) {
        var description = self
        // Of a pair cut in half the byte that is there is the second one.
        let order = isBigEndian && isWords && bitsAllocated <= 8 ? 1 : 0
        let present = order == 1 ? (bytes.count + 1) & ~1 : bytes.count
        func byte(_ place: Int) -> UInt8 { place ^ order < bytes.count ? bytes[place ^ order] : 0 }
        var samples: [UInt8]
        if bitsAllocated == 1 {
            let count = min(frameBits, max(0, present * 8 - firstBit))
            samples = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
                for place in 0..<count {
                    let bit = firstBit + place
                    buffer[place] = byte(bit >> 3) >> UInt8(bit & 7) & 1
                }
                initialized = count
            }
            (description.bitsAllocated, description.bitsStored, description.highBit) = (8, 1, 0)
        } else {
            let skipped = firstBit / 8
            let count = min(frameLength, max(0, present - skipped))
            samples = order == 0 ? Array(bytes.prefix(count)) : (0..<count).map { byte($0 + skipped) }
        }
        (description.isBigEndian, description.isWords) = (isBigEndian && bitsAllocated > 8, false)
        if model == .ybr422, coding == .uncompressed {
            samples = spread(samples)
            (description.photometricInterpretation, description.planarConfiguration) = ("YBR_FULL", 0)
        }
        return (samples, description)
    }

    /// Y1 Y2 Cb Cr of each two pixels as Y1 Cb Cr Y2 Cb Cr (PS3.3 C.7.6.3.1.2).
    private func spread(_ bytes: [UInt8]) -> [UInt8] {
        let size = bitsAllocated / 8
        let pairs = bytes.count / (4 * size)
        return [UInt8](unsafeUninitializedCapacity: pairs * 6 * size) { buffer, count in
            for pair in 0..<pairs {
                for (place, from) in [0, 2, 3, 1, 2, 3].enumerated() {
                    for byte in 0..<size {
                        buffer[(pair * 6 + place) * size + byte] = bytes[(pair * 4 + from) * size + byte]
                    }
                }
            }
            count = pairs * 6 * size
        }
    }
}
