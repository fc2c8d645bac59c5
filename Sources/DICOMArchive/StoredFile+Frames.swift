import Codecs
package import ContentStore
import DICOM
import Imaging

extension StoredFile {
    /// Calls `body` with the bytes of a frame as ``Renderer`` wants them: only the chunks that have a part of it are read, but of a
    /// deflated data set, which is inflated up to the frame's end.
    ///
    /// - Parameter frame: counted from 0, of those the recipe has.
    func withFrame<Result>(
        _ frame: Int, _ description: PixelDescription, from store: ChunkStore,
        _ body: (_ bytes: RawSpan, _ firstBit: Int) throws -> Result
    ) throws -> Result {
        guard let element = recipe.scan.pixelData else { throw CodecError("there is no pixel data") }
        if element.declaredLength == nil {
            return try withBytes(try ranges(ofFrame: frame, from: store), from: store) { try body($0, 0) }
        }
        let place = description.place(ofFrame: frame)
        let end = Int(clamping: element.valueLength)
        let range = min(place.bytes.lowerBound, end)..<min(place.bytes.upperBound, end)
        if recipe.scan.isDeflated {
            let start = element.position
            let bytes = try inflated(start + UInt64(range.lowerBound)..<start + UInt64(range.upperBound), from: store)
            return try body(bytes.span.bytes, place.firstBit)
        }
        let start = dataSetOffset + Int(clamping: element.position)
        return try withBytes([start + range.lowerBound..<start + range.upperBound], from: store) {
            try body($0, place.firstBit)
        }
    }

    /// Bytes that ``withFrame(_:_:from:_:)`` gives, at most.
    func frameLength(_ frame: Int, _ description: PixelDescription, from store: ChunkStore) throws -> Int {
        guard recipe.scan.pixelData?.declaredLength == nil else { return description.frameLength + 4 }
        return try ranges(ofFrame: frame, from: store).reduce(0) { $0 + $1.count }
    }

    /// Calls `body` once with the bytes of a range of the document or video within, as the pieces they lie in.
    package func withDocumentPieces(
        _ range: Range<Int>, from store: ChunkStore, _ body: ([UnsafeRawBufferPointer]) -> Void
    ) throws {
        guard let document = recipe.document else { return body([]) }
        var parts: [Range<Int>] = []
        if document.kind.isVideo {
            parts = Array(fragments.dropFirst())
        } else if let element = recipe.scan.encapsulatedDocument {
            let start = dataSetOffset + Int(clamping: element.position)
            parts = [start..<start + Int(clamping: document.size)]
        }
        var position = 0
        let wanted = range.clamped(to: 0..<Int(clamping: document.size))
        parts = parts.compactMap { part in
            defer { position += part.count }
            let own = wanted.clamped(to: position..<position + part.count)
            let offset = part.lowerBound - position
            return own.isEmpty ? nil : own.lowerBound + offset..<own.upperBound + offset
        }
        try withPieces(parts, from: store, body)
    }

    /// The value of an element that was cut from the header; nil when there is no such one, or it is longer than any that
    /// describes an image: 64 MiB.
    func bulkValue(_ tag: Tag, from store: ChunkStore) throws -> [UInt8]? {
        let found = recipe.scan.bulkElements.first { $0.kind == .element && $0.tag == tag && $0.declaredLength != nil }
        guard let element = found, element.valueLength <= Self.longestDescription else { return nil }
        if recipe.scan.isDeflated {
            return try inflated(element.position..<element.position + element.valueLength, from: store)
        }
        let start = dataSetOffset + Int(clamping: element.position)
        return try withBytes([start..<start + Int(element.valueLength)], from: store) { bytes in
            bytes.withUnsafeBytes { Array($0) }
        }
    }

    /// Calls `body` with the value of an element that was cut from the header, piece by piece in order.
    func readValue(of element: BulkElement, from store: ChunkStore, _ body: (RawSpan) throws -> Void) throws {
        if recipe.scan.isDeflated {
            return try inflate(element.position..<element.position + element.valueLength, from: store, body)
        }
        let length = Int(clamping: element.valueLength)
        let first = dataSetOffset + Int(clamping: element.position)
        // Whole numbers of the longest kind, whose bytes may have to be turned round.
        for start in stride(from: 0, to: length, by: ChunkStore.chunkSize) {
            let end = min(length, start + ChunkStore.chunkSize)
            try withBytes([first + start..<first + end], from: store) { try body($0) }
        }
    }

    private static let longestDescription = 64 << 20

    /// Bytes of memory that what describes an image takes, where it was cut from the header.
    var descriptionMemory: Int {
        let longest = UInt64(Self.longestDescription)
        let cut = recipe.scan.bulkElements.filter { element in
            guard element.kind == .element, element.valueLength <= longest else { return false }
            return switch element.tag.group {
            // Colour tables, overlays, functional groups.
            case 0x0028, 0x6000...0x601E, 0x5200: true
            default: false
            }
        }
        return cut.reduce(0) { $0 + 2 * Int($1.valueLength) }
    }

    /// A part of the inflated data set.
    private func inflated(_ range: Range<UInt64>, from store: ChunkStore) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try inflate(range, from: store) { piece in piece.withUnsafeBytes { bytes.append(contentsOf: $0) } }
        return bytes
    }

    /// Calls `body` with a part of the inflated data set, piece by piece.
    private func inflate(_ range: Range<UInt64>, from store: ChunkStore, _ body: (RawSpan) throws -> Void) throws {
        let inflating = InflatedRange(range)
        for start in stride(from: dataSetOffset, to: size, by: ChunkStore.chunkSize) where !inflating.isComplete {
            try read(start..<min(size, start + ChunkStore.chunkSize), from: store) { try inflating.consume($0, body) }
        }
    }

    // MARK: - Fragments

    /// Where the items of encapsulated pixel data lie in the file, without their headers; the basic offset table first.
    var fragments: [Range<Int>] {
        fragmentRanges.value {
            guard let element = recipe.scan.pixelData else { return [] }
            var position = dataSetOffset + Int(clamping: element.position)
            return recipe.scan.fragments.map { length in
                let start = position + 8
                position = start + Int(length)
                return min(start, size)..<min(position, size)
            }
        }
    }

    /// The ranges of the file that make the codestream of a frame.
    private func ranges(ofFrame frame: Int, from store: ChunkStore) throws -> [Range<Int>] {
        let frames = recipe.pixels?.numberOfFrames ?? 1
        let fragments = fragments.dropFirst()
        if frames == 1 { return Array(fragments) }
        if fragments.count == frames { return [fragments[fragments.startIndex + frame]] }
        let starts = try frameStarts.value {
            try offsetTable(frames, from: store) ?? codestreamStarts(frames, from: store)
        }
        guard starts.indices.contains(frame) else {
            throw CodecError("frame \(frame + 1) is not to be found among \(fragments.count) fragments")
        }
        let first = fragments.startIndex + starts[frame]
        let end = frame + 1 < starts.count ? fragments.startIndex + starts[frame + 1] : fragments.endIndex
        return Array(fragments[first..<end])
    }

    /// The first fragment of each frame by the basic offset table (PS3.5 annex A.4), counted from 0 behind it; nil when that is
    /// empty or fits neither frames nor fragments.
    private func offsetTable(_ frames: Int, from store: ChunkStore) throws -> [Int]? {
        guard let table = fragments.first, table.count == frames * 4 else { return nil }
        var places: [UInt64: Int] = [:]
        var offset: UInt64 = 0
        for (number, length) in recipe.scan.fragments.dropFirst().enumerated() {
            places[offset] = number
            offset += 8 + UInt64(length)
        }
        let isBigEndian = recipe.scan.encoding.isBigEndian
        let starts = try withBytes([table], from: store) { bytes in
            (0..<bytes.byteCount / 4).map { place in
                let raw = bytes.unsafeLoadUnaligned(fromByteOffset: place * 4, as: UInt32.self)
                return places[UInt64(isBigEndian ? UInt32(bigEndian: raw) : UInt32(littleEndian: raw))] ?? -1
            }
        }
        let isAscending = zip(starts, starts.dropFirst()).allSatisfy { $0 < $1 }
        return starts.first == 0 && isAscending && starts.count == frames ? starts : nil
    }

    /// The fragments that begin as a codestream does, where no table says it; nothing unless there is one for each frame.
    private func codestreamStarts(_ frames: Int, from store: ChunkStore) throws -> [Int] {
        var starts: [Int] = []
        for (number, fragment) in fragments.dropFirst().enumerated() {
            let isStart = try withBytes([fragment.prefix(3)], from: store) { bytes in
                bytes.withUnsafeBytes { $0.starts(with: [0xFF, 0xD8, 0xFF]) || $0.starts(with: [0xFF, 0x4F, 0xFF]) }
            }
            if isStart { starts.append(number) }
        }
        return starts.count == frames ? starts : []
    }
}
