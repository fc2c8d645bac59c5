import CDCMTK

/// A lossless compression, and the transfer syntax that has it (PS3.5 annex A.4).
package enum LosslessCoding: String, CaseIterable, Sendable {
    case rle = "1.2.840.10008.1.2.5"
    /// Process 14, selection value 1.
    case jpegLossless = "1.2.840.10008.1.2.4.70"
    case jpegLS = "1.2.840.10008.1.2.4.80"
    case jpeg2000 = "1.2.840.10008.1.2.4.90"

    /// The UID of the transfer syntax.
    package var transferSyntaxUID: String { rawValue }
}

/// Encodes frames without loss, each by itself. Any thread.
package enum FrameEncoder {
    /// Encodes a frame: the bytes of one fragment, an even number of them.
    ///
    /// - Parameter frame: of RLE with samples of any kind, else of 8 or 16 bits.
    package static func encode(_ frame: DecodedFrame, _ coding: LosslessCoding) throws(CodecError) -> [UInt8] {
        guard frame.format.isUsable, frame.samples.count == frame.format.length else {
            throw CodecError("the frame is of no format that is encoded")
        }
        guard coding == .rle || frame.format.bitsAllocated <= 16 else {
            throw CodecError("\(frame.format.bitsAllocated) bits a sample are more than the compression takes")
        }
        var bytes =
            switch coding {
            case .rle: try encode(frame, cdcmtk_coding_rle)
            case .jpegLossless: try encode(frame, cdcmtk_coding_jpeg_lossless)
            case .jpegLS: try encode(frame, cdcmtk_coding_jpeg_ls)
            case .jpeg2000: try JPEG2000.encode(frame)
            }
        if bytes.count % 2 == 1 { bytes.append(0) }
        return bytes
    }

    /// Encodes and decodes a small frame with each codec: the first use reads their libraries and DCMTK's dictionary from the disk,
    /// which takes 30 ms and should not be a reader's wait.
    package static func warmUp() {
        let format = FrameFormat(
            width: 8, height: 8, samplesPerPixel: 1, bitsAllocated: 16, bitsStored: 16, isSigned: false)
        let frame = DecodedFrame(format: format, isYBR: nil, samples: [UInt8](repeating: 1, count: format.length))
        for coding in LosslessCoding.allCases {
            guard let bytes = try? encode(frame, coding) else { continue }
            bytes.withUnsafeBytes { _ = try? FrameDecoder.decode($0, coding == .rle ? .rle : .codestream, format) }
        }
    }

    private static func encode(_ frame: DecodedFrame, _ coding: cdcmtk_coding) throws(CodecError) -> [UInt8] {
        var format = cdcmtk_frame(frame.format)
        var error = [CChar](repeating: 0, count: 256)
        var encoded: [UInt8] = []
        let done = withUnsafeMutablePointer(to: &encoded) { encoded in
            cdcmtk_encode(
                coding, &format, frame.samples, frame.samples.count, encoded,
                { context, bytes, length in
                    context?.assumingMemoryBound(to: [UInt8].self).pointee
                        .append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: length))
                }, &error, error.count)
        }
        guard done != 0 else { throw CodecError(error) }
        return encoded
    }
}
