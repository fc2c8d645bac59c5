package import ContentStore
import DICOM

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
    /// See `ranges(ofFrame:)`.
    let frameStarts = OnceValue<[Int]>()
    /// See `fragments`.
    let fragmentRanges = OnceValue<[Range<Int>]>()
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
    var cost: Int {
        header.count + head.count + segments.count * 120 + recipe.scan.fragments.count * 32 + 1024
    }

    /// Calls `body` once with the bytes of a range, as the pieces they lie in. What lies beyond the end is left out.
    ///
    /// Its chunks are read at the same time and held together: for ranges of a few MiB.
    ///
    /// - Throws: ``ArchiveError/Code/damaged`` naming the chunk that cannot be read.
    package func withPieces(
        _ range: Range<Int>, from store: ChunkStore, _ body: ([UnsafeRawBufferPointer]) -> Void
    ) throws {
        try withPieces(parts: parts(of: range), from: store, body)
    }

    /// The same of several ranges, one behind the other.
    func withPieces(
        _ ranges: [Range<Int>], from store: ChunkStore, _ body: ([UnsafeRawBufferPointer]) -> Void
    ) throws {
        try withPieces(parts: ranges.flatMap { parts(of: $0) }, from: store, body)
    }

    private func withPieces(
        parts: [(segment: Int, range: Range<Int>)], from store: ChunkStore, _ body: ([UnsafeRawBufferPointer]) -> Void
    ) throws {
        // Parts that follow one another in one chunk want it once.
        var wanted: [Int] = []
        for part in parts where segments[part.segment].chunk != nil && wanted.last != part.segment {
            wanted.append(part.segment)
        }
        let references = wanted.compactMap { segments[$0].chunk }
        let chunks = try store.chunks(references.map(\.digest))
        for (chunk, reference) in zip(chunks, references) { try check(chunk, reference) }
        head.withUnsafeBytes { head in
            header.withUnsafeBytes { header in
                var place = 0
                func chunk(of segment: Int) -> Chunk {
                    if wanted[place] != segment { place += 1 }
                    return chunks[place]
                }
                body(
                    parts.map { part in
                        let bytes =
                            switch segments[part.segment].source {
                            case .head: head[part.range]
                            case .header(let start):
                                header[start...].dropFirst(part.range.lowerBound).prefix(part.range.count)
                            case .chunk: chunk(of: part.segment).unsafeBytes[part.range]
                            }
                        return UnsafeRawBufferPointer(rebasing: bytes)
                    })
            }
        }
        withExtendedLifetime(chunks) {}
    }

    /// Calls `body` once with the bytes of some ranges one behind the other: where they are when they lie in one piece, else copied
    /// together. What lies beyond the end is left out.
    func withBytes<Result>(
        _ ranges: [Range<Int>], from store: ChunkStore, _ body: (RawSpan) throws -> Result
    ) throws -> Result {
        let parts = ranges.flatMap { self.parts(of: $0.clamped(to: 0..<size)) }
        if parts.count == 1 {
            var result: Swift.Result<Result, any Error>?
            try withPieces(parts: parts, from: store) { pieces in result = Swift.Result { try body(pieces[0].bytes) } }
            if let result { return try result.get() }
        }
        let length = parts.reduce(0) { $0 + $1.range.count }
        let bytes = try [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            var rest = parts[...]
            while let first = rest.first {
                // So many chunks are held at a time.
                let some = rest.prefix { $0.segment < first.segment + Self.chunksAtATime }
                rest = rest.dropFirst(some.count)
                try withPieces(parts: Array(some), from: store) { pieces in
                    for piece in pieces {
                        UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...])
                            .copyMemory(from: piece)
                        count += piece.count
                    }
                }
            }
        }
        return try body(bytes.span.bytes)
    }

    private static let chunksAtATime = 16

    /// Calls `body` with the bytes of a range, piece by piece in order. What lies beyond the end is left out.
    ///
    /// - Throws: what `body` throws, or ``ArchiveError/Code/damaged`` naming the chunk that cannot be read.
    package func read(
        _ range: Range<Int>, from store: ChunkStore, _ body: (RawSpan) throws -> Void
    ) throws {
        try read(range, body) { reference in try store.chunk(reference.digest) }
    }

    /// The chunks that a range lies in, in order. For ``HeldDataSet``.
    func chunks(of range: Range<Int>, from store: ChunkStore) throws -> [Chunk] {
        try parts(of: range).compactMap { part in
            guard let reference = segments[part.segment].chunk else { return nil }
            let chunk = try store.chunkOnce(reference.digest)
            try check(chunk, reference)
            return chunk
        }
    }

    /// Calls `body` with the bytes of a range, piece by piece in order.
    ///
    /// - Parameter chunks: what ``chunks(of:from:)`` gave for the same range.
    func read(_ range: Range<Int>, from chunks: [Chunk], _ body: (RawSpan) throws -> Void) throws {
        var next = chunks.makeIterator()
        try read(range, body) { reference in
            guard let chunk = next.next() else { preconditionFailure("the chunks are those of another range") }
            return chunk
        }
    }

    private func read(
        _ range: Range<Int>, _ body: (RawSpan) throws -> Void, chunk: (ChunkWriter.Reference) throws -> Chunk
    ) throws {
        for part in parts(of: range) {
            switch segments[part.segment].source {
            case .head: try head.withUnsafeBytes { try body($0.bytes.extracting(part.range)) }
            case .header(let start):
                let range = start + part.range.lowerBound..<start + part.range.upperBound
                try header.withUnsafeBytes { try body($0.bytes.extracting(range)) }
            case .chunk(let reference):
                let chunk = try chunk(reference)
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
