package import Codecs

/// The stored values of one frame, decoded: little endian, colours by pixel, as another transfer syntax is to have them.
package struct SampleFrame: Sendable {
    /// Signed values are extended to all bits allocated, others have 0 above those stored.
    package var frame: DecodedFrame
    /// What the samples are now; nil for as the data set says.
    package var photometricInterpretation: String?
}

extension Renderer {
    /// The stored values of a frame.
    ///
    /// - Parameters: as those of ``withPicture(_:frame:firstBit:isRaw:_:)``.
    /// - Throws: ``CodecError`` when there are none that can be had: of floating point, one bit, or what has no picture.
    package static func samples(
        _ description: PixelDescription, frame: RawSpan, firstBit: Int = 0
    ) throws(CodecError) -> SampleFrame {
        guard let coding = description.coding, description.pngShape != nil, description.sampleType == .integer,
            description.bitsAllocated >= 8
        else { throw CodecError("the pixels are of no kind that another compression takes") }
        do {
            return try withSamples(description, coding, frame, firstBit) { samples, isYBR in
                SampleFrame(samples, description, isYBR: isYBR)
            }
        } catch {
            throw error as? CodecError ?? CodecError("\(error)")
        }
    }
}

extension SampleFrame {
    fileprivate init(_ samples: Samples, _ description: PixelDescription, isYBR: Bool) {
        let allocated = max(description.bitsAllocated, samples.kind.size * 8)
        let format = FrameFormat(
            width: description.columns, height: description.rows, samplesPerPixel: samples.samplesPerPixel,
            bitsAllocated: allocated, bitsStored: samples.bits.count, isSigned: samples.isSigned)
        var bytes = [UInt8](repeating: 0, count: format.length)
        let row = Row<Double>(format.width * format.samplesPerPixel)
        let words = Row<UInt16>(row.elements.count)
        bytes.withUnsafeMutableBytes { bytes in
            var next = 0
            for line in 0..<format.height {
                // A double holds 32 bits.
                if samples.isNarrow {
                    samples.copy(line: line, to: words.elements)
                } else {
                    samples.copy(line: line, to: row.elements)
                }
                for place in 0..<row.elements.count {
                    let number =
                        samples.isNarrow ? samples.number(Int(words.elements[place])) : Int(row.elements[place])
                    switch allocated {
                    case 8: bytes[next] = UInt8(truncatingIfNeeded: number)
                    case 16:
                        let word = UInt16(truncatingIfNeeded: number).littleEndian
                        bytes.storeBytes(of: word, toByteOffset: next, as: UInt16.self)
                    default:
                        let word = UInt32(truncatingIfNeeded: number).littleEndian
                        bytes.storeBytes(of: word, toByteOffset: next, as: UInt32.self)
                    }
                    next += allocated / 8
                }
            }
        }
        frame = DecodedFrame(format: format, isYBR: isYBR, samples: bytes)
        photometricInterpretation = samples.samplesPerPixel == 3 ? (isYBR ? "YBR_FULL" : "RGB") : nil
    }
}
