import CDCMTK

/// Decodes compressed frames, each by itself. Any thread; the bytes may be anything.
package enum FrameDecoder {
    /// Decodes a frame.
    ///
    /// - Parameters:
    ///   - bytes: its fragments, one behind the other.
    ///   - coding: not ``FrameCoding/uncompressed``.
    ///   - format: what the data set says. Of ``FrameCoding/rle`` the result has this format; a codestream says itself what it is, and
    ///     that may be another one, but not of more than twice as many pixels.
    package static func decode(
        _ bytes: UnsafeRawBufferPointer, _ coding: FrameCoding, _ format: FrameFormat
    ) throws(CodecError) -> DecodedFrame {
        switch coding {
        case .uncompressed: throw CodecError("the frame is not compressed")
        case .rle:
            try RLEHeader.check(bytes, format)
            return try decode(bytes, cdcmtk_coding_rle, format, isYBR: nil)
        case .codestream:
            if JPEG2000.begins(bytes) { return try JPEG2000.decode(bytes, for: format) }
            guard bytes.count > 2, bytes[0] == 0xFF, bytes[1] == 0xD8 else {
                throw CodecError("the frame is neither JPEG, nor JPEG-LS, nor JPEG 2000")
            }
            return try decodeJPEG(bytes, for: format)
        }
    }

    private static func decodeJPEG(
        _ bytes: UnsafeRawBufferPointer, for wanted: FrameFormat
    ) throws(CodecError) -> DecodedFrame {
        let header = try JPEGHeader(bytes)
        let format = FrameFormat(
            width: header.width, height: header.height, samplesPerPixel: header.components,
            bitsAllocated: header.precision <= 8 ? 8 : 16, bitsStored: header.precision, isSigned: wanted.isSigned)
        try format.check(against: wanted)
        guard header.process != .progressive || Self.scans(bytes) <= mostScans else {
            throw CodecError("the progressive JPEG codestream has more than \(mostScans) scans")
        }
        let coding =
            switch header.process {
            case .baseline: cdcmtk_coding_jpeg_baseline
            case .extended: cdcmtk_coding_jpeg_extended
            case .progressive: cdcmtk_coding_jpeg_progressive
            case .lossless: cdcmtk_coding_jpeg_lossless
            case .nearLossless: cdcmtk_coding_jpeg_ls
            }
        return try decode(bytes, coding, format, isYBR: header.isYBR)
    }

    /// Each costs a pass over all coefficients; encoders make about ten.
    private static let mostScans = 100

    /// How many start-of-scan markers there are: in entropy-coded data 0xFF is never followed by theirs.
    private static func scans(_ bytes: UnsafeRawBufferPointer) -> Int {
        var count = 0
        for place in 0..<max(0, bytes.count - 1) where bytes[place] == 0xFF && bytes[place + 1] == 0xDA { count += 1 }
        return count
    }

    private static func decode(
        _ bytes: UnsafeRawBufferPointer, _ coding: cdcmtk_coding, _ format: FrameFormat, isYBR: Bool?
    ) throws(CodecError) -> DecodedFrame {
        guard format.isUsable else { throw CodecError("the frame is of no format that is decoded") }
        var frame = cdcmtk_frame(format)
        var error = [CChar](repeating: 0, count: 256)
        let length = format.length
        let samples = [UInt8](unsafeUninitializedCapacity: length + 2) { buffer, count in
            // Whatever a codec leaves out is nothing of ours.
            buffer.initialize(repeating: 0)
            let done = cdcmtk_decode(
                coding, &frame, bytes.baseAddress, bytes.count, buffer.baseAddress, (length + 1) & ~1, &error,
                error.count)
            count = done == 0 ? 0 : length
        }
        guard samples.count == length else { throw CodecError(error) }
        return DecodedFrame(format: format, isYBR: isYBR, samples: samples)
    }
}

extension FrameFormat {
    /// Throws when it cannot be decoded: not of a usable format, or of far more pixels than the data set says.
    func check(against wanted: FrameFormat) throws(CodecError) {
        guard isUsable, width * height <= 2 * wanted.width * wanted.height + 65_536 else {
            throw CodecError(
                "the codestream has \(width) x \(height) pixels of \(samplesPerPixel) samples and \(bitsStored) bits,"
                    + " the data set \(wanted.width) x \(wanted.height)")
        }
    }
}

extension CodecError {
    /// What a C function wrote into a buffer.
    init(_ text: [CChar]) {
        self.init(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
}

extension cdcmtk_frame {
    /// Of a usable format.
    init(_ format: FrameFormat) {
        self.init(
            rows: UInt16(format.height), columns: UInt16(format.width),
            samples_per_pixel: UInt16(format.samplesPerPixel), bits_allocated: UInt16(format.bitsAllocated),
            bits_stored: UInt16(format.bitsStored), is_signed: format.isSigned ? 1 : 0)
    }
}
