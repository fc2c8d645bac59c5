/// The header of an RLE frame (PS3.5 G.5): sixteen numbers in little endian, of segments and where each begins.
enum RLEHeader {
    /// Throws when the segments are others than the format wants, or not within the frame, one behind the other: the decoder
    /// goes where it is told to.
    static func check(_ bytes: UnsafeRawBufferPointer, _ format: FrameFormat) throws(CodecError) {
        guard bytes.count >= 64 else { throw CodecError("the RLE frame is shorter than its header") }
        let numbers = (0..<16).map {
            Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
        }
        let count = format.samplesPerPixel * format.bitsAllocated / 8
        guard numbers[0] == count else {
            throw CodecError("the RLE frame has \(numbers[0]) segments, where its format has \(count)")
        }
        let ends = Array(numbers[1...count]) + [bytes.count]
        guard ends[0] >= 64, zip(ends, ends.dropFirst()).allSatisfy({ $0 <= $1 }) else {
            throw CodecError("the segments of the RLE frame are not within it, one behind the other")
        }
    }
}
