import Codecs
import ContentStore
import DICOM
import Dispatch
import Imaging
import Synchronization

/// A PNG made of one frame.
package final class RenderedImage: Sendable {
    /// The file.
    package let bytes: [UInt8]
    private let delivered = Atomic<Int>(0)

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// Notes that so many bytes of it were given to a reader; whether that is all by now.
    package func deliver(_ count: Int) -> Bool {
        delivered.wrappingAdd(count, ordering: .relaxed).newValue >= bytes.count
    }
}

/// How many images are made at a time: a browser asks for all thumbnails of a folder at once.
let turns = DispatchSemaphore(value: 2)

/// Which image, and of what.
struct ImageKey: Hashable, Sendable {
    /// A `.png` or frame node.
    var node: NodeID
    /// Of stored values, not of what they look like.
    var isRaw: Bool
}

extension Archive {
    /// The PNG of a `.png` or frame node, made when it is first wanted; nil when there is no such node.
    ///
    /// - Parameter isRaw: of stored values, not of what they look like.
    /// - Throws: ``ArchiveError/Code/undecodable`` when its pixels cannot be decoded, ``ArchiveError/Code/refused`` when it would take more
    ///   memory than images may.
    package func image(_ node: NodeID, isRaw: Bool = false) throws(ArchiveError) -> RenderedImage? {
        do {
            return try images.value(ImageKey(node: node, isRaw: isRaw)) {
                guard let dicomNode = node.kind == .frame ? try dicomNode(ofFrame: node) : node.of(.dicom),
                    let file = try file(dicomNode)
                else { return nil }
                return try render(file, frame: node.kind == .frame ? node.frame.number - 1 : 0, isRaw: isRaw)
            }
        } catch {
            throw ArchiveError(error)
        }
    }

    /// Makes ready what the first image would have to wait for.
    package static func prepareImages() { FrameEncoder.warmUp() }

    /// The same when it is at hand; nil when it would have to be made.
    package func imageAtHand(_ node: NodeID, isRaw: Bool = false) -> RenderedImage? {
        images.valueAtHand(ImageKey(node: node, isRaw: isRaw))
    }

    /// Whether some images of this many bytes each are kept together.
    package func keepsImages(_ count: Int, of bytes: Int) -> Bool { count * (bytes + 512) <= images.capacity }

    /// Keeps an image no longer: who read it has what it needs.
    package func dropImage(_ node: NodeID, isRaw: Bool = false) { images.remove(ImageKey(node: node, isRaw: isRaw)) }

    /// The image of a frame, counted from 0; nil when it has none.
    private func render(_ file: StoredFile, frame: Int, isRaw: Bool) throws -> RenderedImage? {
        let recipe = file.recipe
        guard let pixels = recipe.pixels, frame >= 0, frame < pixels.numberOfFrames else { return nil }
        let size = isRaw ? pixels.rawSize : pixels.pngSize
        guard size > 0 else { return nil }
        // One that cannot be kept while it is read would be made anew for each piece of it.
        guard size + 512 <= images.capacity else {
            throw ArchiveError(
                .refused,
                "the image takes \(size >> 20) MiB, of the \(images.capacity >> 20) MiB for images that are kept while they"
                    + " are read; see dicomfs serve --image-memory")
        }
        let options = PictureOptions(isRaw: isRaw)
        let image = try withPicture(of: file, frame: frame, options) { $0.storedPNG() }
        guard let image, UInt64(image.count) == size else {
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
