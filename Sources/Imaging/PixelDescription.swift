/// What the stored pixels of an image are and how they are to be shown: values of the Image Pixel, Modality LUT and VOI LUT
/// modules (PS3.3 C.7.6.3, C.11.1, C.11.2). Any values are safe; those that make no sense make no image.
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
    /// Whether 8-bit samples are stored as 16-bit words (VR OW): in big endian, the bytes of each pair are swapped.
    package var isWords = false
    package var rescaleSlope = 1.0
    package var rescaleIntercept = 0.0
    /// Goes before rescale.
    package var modalityLUT: Table?
    /// The window to show; nil for the full range of each frame.
    package var window: Window?
    /// Goes before the window.
    package var voiLUT: Table?

    /// Nothing described yet.
    package init() {}

    /// A lookup table: the first value it maps, and what it and the following ones become.
    package struct Table: Sendable {
        package var firstValue: Int
        package var bitsPerEntry: Int
        /// Not empty.
        package var entries: [UInt16]

        package init(firstValue: Int, bitsPerEntry: Int, entries: [UInt16]) {
            self.firstValue = firstValue
            self.bitsPerEntry = bitsPerEntry
            self.entries = entries
        }

        func entry(for value: Double) -> Double {
            guard !entries.isEmpty, value.isFinite else { return 0 }
            let place = (value - Double(firstValue)).rounded(.down)
            return Double(entries[place <= 0 ? 0 : place >= Double(entries.count) ? entries.count - 1 : Int(place)])
        }
    }

    /// A VOI window (PS3.3 C.11.2.1.2 and C.11.2.1.3).
    package struct Window: Sendable {
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

    /// How many bits of a sample are its value, and how many lie below; all bits allocated when what is said cannot be.
    var storedBits: (count: Int, shift: Int) {
        guard bitsStored >= 1, bitsStored <= bitsAllocated, highBit >= bitsStored - 1, highBit < bitsAllocated else {
            return (bitsAllocated, 0)
        }
        return (bitsStored, highBit + 1 - bitsStored)
    }

    /// Whether samples lie swapped in pairs: 8 bits in big-endian words.
    package var swapsBytes: Bool { bitsAllocated == 8 && isBigEndian && isWords }

    /// Whether it is an RGB image.
    var isColor: Bool { samplesPerPixel == 3 }

    /// The shape of the PNG of one frame; nil when this release makes none: all but uncompressed 8- and 16-bit MONOCHROME1,
    /// MONOCHROME2 and RGB.
    package var pngShape: PNGShape? {
        guard bitsAllocated == 8 || bitsAllocated == 16 else { return nil }
        switch (photometricInterpretation, samplesPerPixel) {
        case ("MONOCHROME1", 1), ("MONOCHROME2", 1): return PNGShape(width: columns, height: rows, channels: 1)
        case ("RGB", 3): return PNGShape(width: columns, height: rows, channels: 3)
        default: return nil
        }
    }

    /// Bytes of one uncompressed frame; only of a description that has a ``pngShape``.
    package var frameLength: Int { rows * columns * samplesPerPixel * (bitsAllocated / 8) }
}
