package import Codecs

/// What the stored pixels of an image are and how they are to be shown: values of the Image Pixel, Modality LUT, VOI LUT and
/// Palette Color Lookup Table modules (PS3.3 C.7.6.3, C.11.1, C.11.2, C.7.9). Any values are safe; those that make no sense make no
/// image.
package struct PixelDescription: Sendable {
    package var rows = 0
    package var columns = 0
    package var samplesPerPixel = 1
    package var photometricInterpretation = ""
    /// 0 colours by pixel, 1 by plane.
    package var planarConfiguration = 0
    package var bitsAllocated = 0
    package var bitsStored = 0
    package var highBit = 0
    package var isSigned = false
    package var isBigEndian = false
    /// Whether samples of less than 16 bits are stored as 16-bit words (VR OW): in big endian, the bytes of each pair are swapped.
    package var isWords = false
    /// What samples are: (7FE0,0010), (7FE0,0008) or (7FE0,0009).
    package var sampleType = SampleType.integer
    /// How frames are compressed; nil when there is no codec.
    package var coding: FrameCoding? = .uncompressed
    /// Whether codestreams are said to be JPEG 2000.
    package var isWavelet = false
    package var rescaleSlope = 1.0
    package var rescaleIntercept = 0.0
    /// Goes before rescale.
    package var modalityLUT: Table?
    /// The window to show; nil for the full range of each frame.
    package var window: Window?
    /// Goes before the window.
    package var voiLUT: Table?
    /// Values that stand for no measurement: left out of the full range.
    package var padding: ClosedRange<Double>?
    /// Red, green and blue by stored value; of PALETTE COLOR.
    package var palette: [Table] = []
    /// Shown on top, when there are any.
    package var overlays: [Overlay] = []

    /// Nothing described yet.
    package init() {}

    /// What a sample is.
    package enum SampleType: Sendable {
        case integer
        /// 32-bit IEEE 754.
        case float
        /// 64-bit IEEE 754.
        case double
    }

    /// A lookup table: the first value it maps, and what it and the following ones become.
    package struct Table: Hashable, Sendable {
        package var firstValue: Int
        package var bitsPerEntry: Int
        /// Not empty.
        package var entries: [UInt16]

        package init(firstValue: Int, bitsPerEntry: Int, entries: [UInt16]) {
            self.firstValue = firstValue
            self.bitsPerEntry = bitsPerEntry
            self.entries = entries
        }

        /// The largest an entry can be.
        var full: Double { Double(1 << min(16, max(1, bitsPerEntry)) - 1) }

        func entry(for value: Double) -> Double {
            guard !entries.isEmpty, value.isFinite else { return 0 }
            let place = (value - Double(firstValue)).rounded(.down)
            return Double(entries[place <= 0 ? 0 : place >= Double(entries.count) ? entries.count - 1 : Int(place)])
        }
    }

    /// A VOI window (PS3.3 C.11.2.1.2 and C.11.2.1.3).
    package struct Window: Hashable, Sendable {
        /// How values within the window become grey.
        package enum Function: Sendable {
            case linear, linearExact, sigmoid
        }

        package var center: Double
        package var width: Double
        package var function: Function

        package init(center: Double, width: Double, function: Function = .linear) {
            self.center = center
            self.width = width
            self.function = function
        }
    }

    /// A bitmap of one frame (PS3.3 C.9.2).
    package struct Overlay: Sendable {
        package var rows: Int
        package var columns: Int
        /// Where its first pixel is, counted from 0.
        package var row: Int
        package var column: Int
        /// One bit by pixel, from the lowest bit of the first byte on.
        package var bits: [UInt8]

        package init(rows: Int, columns: Int, row: Int, column: Int, bits: [UInt8]) {
            self.rows = rows
            self.columns = columns
            self.row = row
            self.column = column
            self.bits = bits
        }
    }

    /// How many bits of a sample are its value, and how many lie below; all bits allocated when what is said cannot be.
    var storedBits: (count: Int, shift: Int) {
        guard bitsStored >= 1, bitsStored <= bitsAllocated, highBit >= bitsStored - 1, highBit < bitsAllocated else {
            return (max(1, bitsAllocated), 0)
        }
        return (bitsStored, highBit + 1 - bitsStored)
    }

    /// What the values of pixels are to be taken for.
    package enum Model: Sendable {
        case grey
        case palette
        case rgb
        /// Luminance and two colour differences for each pixel.
        case ybr
        /// The same, with the colour differences of two pixels stored once.
        case ybr422
    }

    /// The model of stored or decoded pixels; nil for what there is no image of.
    package var model: Model? {
        switch (photometricInterpretation, samplesPerPixel) {
        case ("MONOCHROME1", 1), ("MONOCHROME2", 1): .grey
        case ("PALETTE COLOR", 1) where sampleType == .integer && bitsAllocated <= 16: .palette
        case _ where sampleType != .integer: nil
        case ("RGB", 3): .rgb
        case ("YBR_FULL", 3): .ybr
        case ("YBR_FULL_422", 3): coding == .uncompressed ? (columns % 2 == 0 ? .ybr422 : nil) : .ybr
        // RLE has the samples as they are; of codestreams these name a step of compression, which the codec takes back.
        case ("YBR_ICT", 3), ("YBR_RCT", 3): coding == .codestream ? .rgb : nil
        case ("YBR_PARTIAL_420", 3), ("YBR_PARTIAL_422", 3): coding == .codestream ? .ybr : nil
        default: nil
        }
    }

    /// The shape of the PNG that shows one frame; nil when there is none.
    package var pngShape: PNGShape? {
        guard let coding, let model, isStorable(coding) else { return nil }
        return PNGShape(width: columns, height: rows, channels: model == .grey ? 1 : 3)
    }

    /// The shape of the PNG that has the stored values of one frame as they are, in 16 bits: of those with one sample of up to
    /// 16 bits.
    package var rawShape: PNGShape? {
        guard pngShape != nil, samplesPerPixel == 1, bitsAllocated <= 16 else { return nil }
        return PNGShape(width: columns, height: rows, channels: 1, bits: 16)
    }

    private func isStorable(_ coding: FrameCoding) -> Bool {
        switch (sampleType, bitsAllocated) {
        case (.float, 32), (.double, 64): coding == .uncompressed
        case (.integer, 1): coding == .uncompressed && samplesPerPixel == 1
        case (.integer, 8), (.integer, 16), (.integer, 32): true
        default: false
        }
    }

    /// Bits of one uncompressed frame; only of a description that has a ``pngShape``.
    package var frameBits: Int {
        rows * columns * (model == .ybr422 ? 2 : samplesPerPixel) * bitsAllocated
    }

    /// Bytes of one uncompressed frame that has bytes of its own.
    package var frameLength: Int { (frameBits + 7) / 8 }

    /// Whether samples lie in pairs of swapped bytes.
    private var swapsBytes: Bool { bitsAllocated <= 8 && isBigEndian && isWords }

    /// Bytes of memory that a picture takes beside its file, about: from a frame of this many bytes, compressed or not.
    package func memory(frame: Int) -> Int {
        let samples = rows * columns * samplesPerPixel
        let decoded = samples * max(1, bitsAllocated / 8)
        switch coding {
        case .uncompressed: return frame + (isPacked ? decoded : 0)
        // OpenJPEG has four bytes for each sample, of the image and of a tile, and what it decodes from.
        case .codestream where isWavelet: return 2 * frame + 12 * samples + decoded
        // The codec has a copy of the codestream, and of the samples.
        default: return 2 * frame + 3 * decoded
        }
    }

    /// Where an uncompressed frame, counted from 0, lies in the pixel data: all bytes that have a part of it, in whole words where
    /// their bytes are swapped, and how many bits of the first ones belong to the frame before.
    package func place(ofFrame number: Int) -> (bytes: Range<Int>, firstBit: Int) {
        let unit = swapsBytes ? 16 : 8
        let start = number * frameBits
        let first = start / unit
        let end = (start + frameBits + unit - 1) / unit
        return (first * unit / 8..<end * unit / 8, start - first * unit)
    }

    /// Whether bytes must be put in order before they are samples.
    var isPacked: Bool { bitsAllocated == 1 || swapsBytes || (model == .ybr422 && coding == .uncompressed) }
}
