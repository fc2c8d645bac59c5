/// What the samples of one frame are (PS3.3 C.7.6.3).
package struct FrameFormat: Hashable, Sendable {
    /// Pixels.
    package var width: Int
    /// Pixels.
    package var height: Int
    /// 1 or 3.
    package var samplesPerPixel: Int
    /// 8, 16 or 32.
    package var bitsAllocated: Int
    /// The bits of a sample that are its value, from the lowest on.
    package var bitsStored: Int
    /// Whether values are two's complement.
    package var isSigned: Bool

    package init(
        width: Int, height: Int, samplesPerPixel: Int, bitsAllocated: Int, bitsStored: Int, isSigned: Bool
    ) {
        self.width = width
        self.height = height
        self.samplesPerPixel = samplesPerPixel
        self.bitsAllocated = bitsAllocated
        self.bitsStored = bitsStored
        self.isSigned = isSigned
    }

    /// Bytes of the samples.
    package var length: Int { width * height * samplesPerPixel * (bitsAllocated / 8) }

    /// Whether it can be: all numbers in their ranges, and no more than ``largest`` bytes.
    var isUsable: Bool {
        (1...65535).contains(width) && (1...65535).contains(height) && (samplesPerPixel == 1 || samplesPerPixel == 3)
            && [8, 16, 32].contains(bitsAllocated) && (1...bitsAllocated).contains(bitsStored) && length <= Self.largest
    }

    /// Bytes of the largest frame that is decoded or encoded: 256 MiB.
    package static let largest = 256 << 20
}

/// A frame whose samples lie there as numbers: little endian, colours by pixel, rows from the top.
package struct DecodedFrame: Sendable {
    /// What the codestream says: not always what the data set does.
    package var format: FrameFormat
    /// Whether three samples are luminance and colour differences (YCbCr); nil when the codestream does not say.
    package var isYBR: Bool?
    /// As many as ``FrameFormat/length``.
    package var samples: [UInt8]

    package init(format: FrameFormat, isYBR: Bool?, samples: [UInt8]) {
        self.format = format
        self.isYBR = isYBR
        self.samples = samples
    }
}

/// Why a frame cannot be decoded or encoded.
package struct CodecError: Error, CustomStringConvertible {
    /// A clause without capital and full stop.
    package let description: String

    package init(_ description: String) { self.description = description }
}
