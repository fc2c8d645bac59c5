/// The row of a stored chunk: where its bytes are, and who last wanted it. The format is in the archive's Format article.
struct ChunkRow: Equatable, Sendable {
    /// The segment its bytes are in, and where they begin there.
    var place: Segments.Place
    /// Bytes.
    var length: UInt64 = 0
    /// CRC-32C of its bytes.
    var checksum: UInt32 = 0
    /// Generation of the last ingest that wanted it.
    var stamp: UInt64 = 0

    var encoded: [UInt8] {
        var writer = RecordWriter()
        writer.number(2, length)
        writer.fixed(3, stamp)
        writer.number(4, place.segment)
        writer.number(5, place.offset)
        writer.number(6, UInt64(checksum))
        return writer.bytes
    }

    init(place: Segments.Place, length: UInt64, checksum: UInt32, stamp: UInt64) {
        self.place = place
        self.length = length
        self.checksum = checksum
        self.stamp = stamp
    }

    /// - Throws: also for a row of format 1, which names no segment.
    init(_ bytes: RawSpan) throws(RecordError) {
        place = Segments.Place(segment: 0, offset: 0)
        var reader = RecordReader(bytes)
        while let field = try reader.next() {
            switch field {
            case 2: length = reader.number
            case 3: stamp = reader.number
            case 4: place.segment = reader.number
            case 5: place.offset = reader.number
            case 6: checksum = UInt32(truncatingIfNeeded: reader.number)
            default: break
            }
        }
        guard place.segment > 0, length < 1 << 40, place.offset < 1 << 40 else { throw RecordError() }
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
