/// A part of a deflated data set, inflated: what comes before it is inflated too, and dropped. Used by one thread at a time.
package final class InflatedRange {
    private let range: Range<UInt64>
    private var stream: ZlibStream?
    private var first: [UInt8] = []
    private var position: UInt64 = 0

    /// - Parameter range: of the inflated data set.
    package init(_ range: Range<UInt64>) {
        self.range = range
    }

    /// Whether all of it has come.
    package var isComplete: Bool { position >= range.upperBound }

    /// Takes the next bytes of the data set as it was received, and gives `body` what of the range they hold.
    ///
    /// - Throws: ``DICOMError``, ``ZlibStream/Corrupt``, or what `body` throws.
    package func consume(_ deflated: RawSpan, _ body: (RawSpan) throws -> Void) throws {
        if let stream { return try inflate(deflated, stream, body) }
        deflated.withUnsafeBytes { self.first.append(contentsOf: $0) }
        let first = first
        guard first.count >= Deflation.bytesToDecide else { return }
        let stream = try ZlibStream(isRaw: Deflation(first) != .zlib)
        self.stream = stream
        try inflate(first.span.bytes, stream, body)
    }

    private func inflate(_ deflated: RawSpan, _ stream: ZlibStream, _ body: (RawSpan) throws -> Void) throws {
        try stream.consume(deflated) { produced in
            let end = position + UInt64(produced.byteCount)
            let part = range.clamped(to: position..<end)
            if !part.isEmpty {
                try body(produced.extracting(Int(part.lowerBound - position)..<Int(part.upperBound - position)))
            }
            position = end
        }
    }
}
