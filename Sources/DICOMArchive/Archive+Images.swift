import ContentStore
import DICOM
import Dispatch
import Imaging
import Synchronization

/// A PNG made of one frame.
package struct RenderedImage: Sendable {
    /// The file.
    package let bytes: [UInt8]
}

/// How many images, or headers as JSON, are made at a time: a browser asks for all thumbnails of a folder at once, and each
/// takes memory.
let turns = DispatchSemaphore(value: 2)

extension Archive {
    /// The PNG of a `.png` or frame node, made when it is first wanted; nil when there is no such node.
    package func image(_ node: NodeID) throws(ArchiveError) -> RenderedImage? {
        do {
            return try images.value(node) {
                guard let dicomNode = node.kind == .frame ? try dicomNode(ofFrame: node) : node.of(.dicom),
                    let file = try file(dicomNode)
                else { return nil }
                turns.wait()
                let begin = ContinuousClock.now
                defer {
                    work.renders.wrappingAdd(1, ordering: .relaxed)
                    let taken = begin.duration(to: .now) / .nanoseconds(1)
                    work.renderNanoseconds.wrappingAdd(UInt64(max(0, taken)), ordering: .relaxed)
                    turns.signal()
                }
                return try render(file, frame: node.kind == .frame ? node.frame.number - 1 : 0)
            }
        } catch {
            throw ArchiveError(error)
        }
    }

    /// The image of a frame, counted from 0; nil when it has none.
    private func render(_ file: StoredFile, frame: Int) throws -> RenderedImage? {
        let recipe = file.recipe
        guard let pixels = recipe.pixels, pixels.pngSize > 0, frame >= 0, frame < pixels.numberOfFrames,
            let element = recipe.scan.nativePixelData
        else { return nil }
        let header = DataSetHeader(
            file.header, recipe.scan, defaultCharacterSet: SpecificCharacterSet([folder.defaultCharacterSet]))
        // With a shape, a frame is at most 64 MiB; its number has 24 bits.
        guard let description = PixelDescription(header, recipe.scan, frame: frame), description.pngShape != nil else {
            return nil
        }
        let start = file.dataSetOffset + min(Int(clamping: element.position), file.size)
        let end = start + min(Int(clamping: element.valueLength), file.size)
        let first = start + frame * description.frameLength
        var range = first..<max(first, min(first + description.frameLength, end))
        // Frames of an odd length share words.
        let beginsWithinWord = description.swapsBytes && (first - start) % 2 == 1
        if description.swapsBytes {
            range = range.lowerBound - (beginsWithinWord ? 1 : 0)..<max(first, min(range.upperBound + 1, end))
        }
        var image: [UInt8]?
        try file.withBytes(range, from: store) {
            image = Renderer.png(description, frame: $0, beginsWithinWord: beginsWithinWord)
        }
        guard let image, UInt64(image.count) == pixels.pngSize else {
            throw ArchiveError(
                .damaged,
                "the image of instance \(recipe.reference.instance) is not of the size recorded; run dicomfs verify")
        }
        return RenderedImage(bytes: image)
    }

    /// The directory entry of the instance that a frame node belongs to; nil when there is no such node.
    package func entry(ofFrame node: NodeID) throws(ArchiveError) -> EntryRow? {
        guard let file = try dicomNode(ofFrame: node), let parent = try parent(of: file) else { return nil }
        return try entry(of: file, in: parent)
    }

    /// The `.dcm` node of the version that a frame node belongs to.
    private func dicomNode(ofFrame node: NodeID) throws(ArchiveError) -> NodeID? {
        do {
            guard let bytes = try store.engine.row(.index, IndexKey.frameOrdinal(node.frame.ordinal)),
                let recipe = try recipe(VersionReference(frameOrdinalRow: bytes.span.bytes))
            else { return nil }
            return NodeID(.dicom, recipe.nodePayload)
        } catch {
            throw ArchiveError(error)
        }
    }
}
