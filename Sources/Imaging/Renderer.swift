import Codecs

/// Makes pictures of frames.
package enum Renderer {
    /// Grows with every change of the bytes that the same pixels become; part of the files' times.
    package static let epoch = 2

    /// Calls `body` with the picture of a frame, which lasts as long as that; nil when the description has none.
    ///
    /// - Parameters:
    ///   - frame: uncompressed, the bytes of ``PixelDescription/place(ofFrame:)``: missing ones are 0, more are left out. Else the
    ///     codestream.
    ///   - firstBit: as there.
    ///   - isRaw: the stored values, in the ``PixelDescription/rawShape``, instead of what they look like.
    /// - Throws: ``CodecError``, or what `body` throws.
    package static func withPicture<Result>(
        _ description: PixelDescription, frame: RawSpan, firstBit: Int = 0, isRaw: Bool = false,
        _ body: (Picture) throws -> Result
    ) throws -> Result? {
        guard let coding = description.coding, let shape = isRaw ? description.rawShape : description.pngShape else {
            return nil
        }
        return try withSamples(description, coding, frame, firstBit) { samples, isYBR in
            try body(picture(samples, description, shape, isYBR: isYBR, isRaw: isRaw))
        }
    }

    /// Calls `body` with the samples of a frame, decoded or put in order, and whether three of them are luminance and colour
    /// differences.
    static func withSamples<Result>(
        _ description: PixelDescription, _ coding: FrameCoding, _ frame: RawSpan, _ firstBit: Int,
        _ body: (_ samples: Samples, _ isYBR: Bool) throws -> Result
    ) throws -> Result {
        let isYBR = description.model == .ybr || description.model == .ybr422
        return try frame.withUnsafeBytes { bytes in
            if coding != .uncompressed {
                let frame = try FrameDecoder.decode(bytes, coding, description.format)
                return try frame.samples.withUnsafeBytes {
                    let samples =
                        coding == .rle ? Samples($0, description.decoded) : Samples($0, frame.format, description)
                    guard samples.samplesPerPixel == description.samplesPerPixel else {
                        throw CodecError(
                            "the codestream has \(samples.samplesPerPixel) samples a pixel, the data set"
                                + " \(description.samplesPerPixel)")
                    }
                    return try body(samples, frame.isYBR ?? isYBR)
                }
            }
            guard description.isPacked else { return try body(Samples(bytes, description), isYBR) }
            let unpacked = description.unpacked(bytes, firstBit: firstBit)
            return try unpacked.samples.withUnsafeBytes { try body(Samples($0, unpacked.description), isYBR) }
        }
    }

    private static func picture(
        _ samples: Samples, _ description: PixelDescription, _ shape: PNGShape, isYBR: Bool, isRaw: Bool
    ) throws -> Picture {
        guard samples.isNarrow || !(isRaw || description.model == .palette) else {
            throw CodecError("the codestream has \(samples.bits.count) bits a sample")
        }
        if isRaw { return .raw(samples, shape) }
        let picture: Picture
        switch description.model {
        case .grey: picture = .grey(samples, description, shape)
        case .palette:
            guard description.palette.count == 3, description.palette.allSatisfy({ !$0.entries.isEmpty }) else {
                throw CodecError("the colour tables are broken")
            }
            picture = .palette(samples, description, shape)
        case .rgb, .ybr, .ybr422: picture = .color(samples, isYBR: isYBR, shape)
        case nil: throw CodecError("the photometric interpretation is not known")
        }
        return picture.with(description.overlays)
    }
}

extension PixelDescription {
    /// What a codec is told.
    var format: FrameFormat {
        FrameFormat(
            width: columns, height: rows, samplesPerPixel: samplesPerPixel, bitsAllocated: bitsAllocated,
            // A codec of run lengths gives all bits, whatever is said of them.
            bitsStored: bitsAllocated, isSigned: isSigned)
    }

    /// The same of samples that lie there as decoded from run lengths.
    var decoded: PixelDescription {
        var description = self
        (description.isBigEndian, description.planarConfiguration) = (false, 0)
        return description
    }
}
