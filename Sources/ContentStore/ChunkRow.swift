/// The row of a stored chunk: where its bytes are, and who last wanted it. The format is in the archive's Format article.
struct ChunkRow {
    /// The key in the family `bytes`.
    var arrival: UInt64 = 0
    /// Bytes.
    var length: UInt64 = 0
    /// Generation of the last ingest that wanted it.
    var stamp: UInt64 = 0

    var encoded: [UInt8] {
        var writer = RecordWriter()
        writer.number(1, arrival)
        writer.number(2, length)
        writer.fixed(3, stamp)
        return writer.bytes
    }

    init(arrival: UInt64, length: UInt64, stamp: UInt64) {
        self.arrival = arrival
        self.length = length
        self.stamp = stamp
    }

    init(_ bytes: RawSpan) throws(RecordError) {
        var reader = RecordReader(bytes)
        while let field = try reader.next() {
            switch field {
            case 1: arrival = reader.number
            case 2: length = reader.number
            case 3: stamp = reader.number
            default: break
            }
        }
    }
}

extension UInt64 {
    /// Eight bytes whose order is the numbers' order.
    package var bigEndianBytes: [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: self >> UInt64(56 - 8 * $0)) }
    }

    /// The number in eight big endian bytes at an offset; throws when they are not all there.
    package init(bigEndianBytes bytes: RawSpan, at offset: Int = 0) throws(RecordError) {
        guard offset >= 0, bytes.byteCount >= 8, offset <= bytes.byteCount - 8 else { throw RecordError() }
        self.init(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}
