/// A part of a deflated data set, inflated: what comes before it is inflated too, and dropped. Used by one thread at a time.
package final class InflatedRange {
    private let range: Range<UInt64>
    private var stream: ZlibStream?
    private var first: [UInt8] = []
    private var position: UInt64 = 0
    /// The bytes of the range so far.
    package private(set) var bytes: [UInt8] = []

    /// - Parameter range: of the inflated data set.
    package init(_ range: Range<UInt64>) {
        self.range = range
    }

    /// Whether all of it is there.
    package var isComplete: Bool { position >= range.upperBound }

    /// Takes the next bytes of the data set as it was received.
    ///
    /// - Throws: ``DICOMError``, or ``ZlibStream/Corrupt``.
    package func consume(_ deflated: RawSpan) throws {
        if let stream { return try inflate(deflated, stream) }
        deflated.withUnsafeBytes { self.first.append(contentsOf: $0) }
        let first = first
        guard first.count >= Deflation.bytesToDecide else { return }
        let stream = try ZlibStream(isRaw: Deflation(first) != .zlib)
        self.stream = stream
        try inflate(first.span.bytes, stream)
    }

    private func inflate(_ deflated: RawSpan, _ stream: ZlibStream) throws {
        try stream.consume(deflated) { produced in
            let end = position + UInt64(produced.byteCount)
            let part = range.clamped(to: position..<end)
            if !part.isEmpty {
                produced.withUnsafeBytes {
                    bytes.append(contentsOf: $0[Int(part.lowerBound - position)..<Int(part.upperBound - position)])
                }
            }
            position = end
        }
    }
}
