package import ContentStore

/// A stored version as the file it makes: head, header ranges and chunks laid end to end.
///
/// Immutable, usable from any thread. Its chunks are read when wanted.
package final class StoredFile: Sendable {
    /// The recipe it was made from.
    package let recipe: Recipe
    /// Bytes.
    package let size: Int
    /// Where the data set begins: the length of the head.
    package let dataSetOffset: Int
    let head: [UInt8]
    let header: [UInt8]
    private let segments: [Segment]

    private struct Segment {
        var offset: Int
        var length: Int
        var source: Source

        var chunk: ChunkWriter.Reference? { if case .chunk(let reference) = source { reference } else { nil } }
    }

    private enum Source {
        case head
        /// From this offset of the header.
        case header(Int)
        case chunk(ChunkWriter.Reference)
    }

    init(recipe: Recipe, header: [UInt8]) throws(ArchiveError) {
        self.recipe = recipe
        self.header = header
        head = recipe.headBytes
        dataSetOffset = head.count
        var segments = head.isEmpty ? [] : [Segment(offset: 0, length: head.count, source: .head)]
        var offset = head.count
        var headerOffset = 0
        for extent in recipe.extents {
            switch extent {
            case .header(let length):
                guard length <= header.count - headerOffset else {
                    throw ArchiveError(
                        .damaged,
                        "the header row of instance \(recipe.reference.instance) is too short; run dicomfs verify")
                }
                segments.append(Segment(offset: offset, length: length, source: .header(headerOffset)))
                headerOffset += length
            case .chunk(let chunk):
                segments.append(Segment(offset: offset, length: chunk.length, source: .chunk(chunk)))
            }
            offset += extent.length
        }
        self.segments = segments
        size = offset
    }

    /// Memory it takes, about.
    var cost: Int { header.count + head.count + segments.count * 120 + 1024 }

    /// Calls `body` once with the bytes of a range, as the pieces they lie in. What lies beyond the end is left out.
    ///
    /// Its chunks are read at the same time and held together: for ranges of a few MiB.
    ///
    /// - Throws: ``ArchiveError/Code/damaged`` naming the chunk that cannot be read.
    package func withPieces(
        _ range: Range<Int>, from store: ChunkStore, _ body: ([UnsafeRawBufferPointer]) -> Void
    ) throws {
        let parts = parts(of: range)
        let references = parts.compactMap { segments[$0.segment].chunk }
        let chunks = try store.chunks(references.map(\.digest))
        for (chunk, reference) in zip(chunks, references) { try check(chunk, reference) }
        head.withUnsafeBytes { head in
            header.withUnsafeBytes { header in
                var rest = chunks[...]
                body(
                    parts.map { part in
                        let bytes =
                            switch segments[part.segment].source {
                            case .head: head[part.range]
                            case .header(let start):
                                header[start...].dropFirst(part.range.lowerBound).prefix(part.range.count)
                            case .chunk: rest.removeFirst().unsafeBytes[part.range]
                            }
                        return UnsafeRawBufferPointer(rebasing: bytes)
                    })
            }
        }
        withExtendedLifetime(chunks) {}
    }

    /// Calls `body` once with the bytes of a range: where they are when they lie in one piece, else copied together.
    func withBytes(_ range: Range<Int>, from store: ChunkStore, _ body: (RawSpan) -> Void) throws {
        let range = range.clamped(to: 0..<size)
        var isDone = false
        var collected: [UInt8] = []
        try read(range, from: store) { piece in
            if piece.byteCount == range.count {
                body(piece)
                isDone = true
            } else {
                if collected.isEmpty { collected.reserveCapacity(range.count) }
                piece.withUnsafeBytes { collected.append(contentsOf: $0) }
            }
        }
        if !isDone { collected.withUnsafeBytes { body($0.bytes) } }
    }

    /// Calls `body` with the bytes of a range, piece by piece in order. What lies beyond the end is left out.
    ///
    /// - Throws: what `body` throws, or ``ArchiveError/Code/damaged`` naming the chunk that cannot be read.
    package func read(
        _ range: Range<Int>, from store: ChunkStore, _ body: (RawSpan) throws -> Void
    ) throws {
        for part in parts(of: range) {
            switch segments[part.segment].source {
            case .head: try head.withUnsafeBytes { try body($0.bytes.extracting(part.range)) }
            case .header(let start):
                let range = start + part.range.lowerBound..<start + part.range.upperBound
                try header.withUnsafeBytes { try body($0.bytes.extracting(range)) }
            case .chunk(let reference):
                let chunk = try store.chunk(reference.digest)
                try check(chunk, reference)
                try body(chunk.bytes.extracting(part.range))
            }
        }
    }

    /// The parts of segments that a range is made of, in order.
    private func parts(of range: Range<Int>) -> [(segment: Int, range: Range<Int>)] {
        let end = min(range.upperBound, size)
        var position = range.lowerBound
        guard position < end else { return [] }
        var parts: [(segment: Int, range: Range<Int>)] = []
        var index = segments.partitioningIndex { $0.offset + $0.length > position }
        while position < end {
            let segment = segments[index]
            let upTo = min(end - segment.offset, segment.length)
            parts.append((index, position - segment.offset..<upTo))
            position = segment.offset + upTo
            index += 1
        }
        return parts
    }

    private func check(_ chunk: Chunk, _ reference: ChunkWriter.Reference) throws(ArchiveError) {
        guard chunk.count == reference.length else {
            throw ArchiveError(.damaged, "chunk \(reference.digest) has another length; run dicomfs verify")
        }
    }
}

extension Array {
    /// The first index whose element satisfies the predicate, which is false and then true over the array.
    fileprivate func partitioningIndex(_ belongsAfter: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if belongsAfter(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
