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

    /// Calls `body` once with the bytes of a range: where they are when they lie in one piece, else copied together.
    package func withBytes(_ range: Range<Int>, from store: ChunkStore, _ body: (RawSpan) -> Void) throws {
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
        let end = min(range.upperBound, size)
        var position = range.lowerBound
        guard position < end else { return }
        var index = segments.partitioningIndex { $0.offset + $0.length > position }
        while position < end {
            let segment = segments[index]
            let piece = position - segment.offset..<min(end - segment.offset, segment.length)
            switch segment.source {
            case .head: try head.withUnsafeBytes { try body($0.bytes.extracting(piece)) }
            case .header(let start):
                let part = start + piece.lowerBound..<start + piece.upperBound
                try header.withUnsafeBytes { try body($0.bytes.extracting(part)) }
            case .chunk(let reference):
                let chunk = try store.chunk(reference.digest)
                guard chunk.count == reference.length else {
                    throw ArchiveError(.damaged, "chunk \(reference.digest) has another length; run dicomfs verify")
                }
                try body(chunk.bytes.extracting(piece))
            }
            position = segment.offset + piece.upperBound
            index += 1
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
