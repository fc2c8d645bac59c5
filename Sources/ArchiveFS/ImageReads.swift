import DICOMArchive
import FUSE
import Glibc
import Synchronization
import Threads

/// Reads of images that must be made first: by a few threads of less weight, so that a file manager that wants a picture of
/// everything keeps neither other requests from being answered nor instances from being stored.
final class ImageReads: Sendable {
    private typealias Wanted = (range: Range<Int>, reply: DeferredReply)

    private static let threads = 2
    private static let niceness: Int32 = 5

    private let archive: Archive
    private let isRaw: Bool
    private let work = WorkQueue(threads: threads, niceness: niceness)
    /// What is wanted of each image that is being made, or waits for that.
    private let wanted = Mutex<[NodeID: [Wanted]]>([:])
    private let order: Mutex<ImageOrder>
    /// The image whose beginning was wanted last.
    private let latest = Atomic<UInt64>(0)

    init(_ archive: Archive, isRaw: Bool) {
        self.archive = archive
        self.isRaw = isRaw
        order = Mutex(ImageOrder(archive))
    }

    /// Makes ready what the first read would have to wait for, beside all else.
    func prepare() { work.add { Archive.prepareImages() } }

    /// Answers a read of a `.png` or frame node: now if the image is at hand, else when it is made.
    func read(_ node: NodeID, _ range: Range<Int>, _ reply: consuming DataReply) {
        if range.lowerBound == 0 { latest.store(node.rawValue, ordering: .relaxed) }
        if let image = archive.imageAtHand(node, isRaw: isRaw) {
            answer(node, image, range, reply)
            // One that was made beforehand.
            if range.lowerBound == 0 { work.add { [self] in foresee(after: node, image) } }
            return
        }
        let deferred = DeferredReply(reply)
        let isFirst = wanted.withLock { wanted in
            let isFirst = wanted[node] == nil
            wanted[node, default: []].append((range, deferred))
            return isFirst
        }
        if isFirst {
            work.add { [self] in
                guard let image = make(node) else { return }
                foresee(after: node, image)
            }
        }
    }

    @discardableResult
    private func make(_ node: NodeID) -> RenderedImage? {
        let image = Result { try archive.image(node, isRaw: isRaw) }
        // What is wanted from now on is at hand, or makes it again.
        for (range, deferred) in wanted.withLock({ $0.removeValue(forKey: node) ?? [] }) {
            guard let reply = deferred.take() else { continue }
            switch image {
            case .success(let image?): answer(node, image, range, reply)
            case .success(nil): reply.fail(ESTALE)
            case .failure(let error): reply.fail(ErrorNumber(error).code)
            }
        }
        return (try? image.get()) ?? nil
    }

    /// Makes the image that will be wanted next, if that can be told and nobody waits for another: who goes through a series then
    /// has the next one while he looks at this.
    private func foresee(after node: NodeID, _ image: RenderedImage) {
        // It must not push out the one that is being read: the next one is as large, about.
        guard let next = order.withLock({ $0.next(after: node) }), work.isEmpty,
            archive.keepsImages(3, of: image.bytes.count),
            latest.load(ordering: .relaxed) == node.rawValue, archive.imageAtHand(next, isRaw: isRaw) == nil
        else { return }
        let isFirst = wanted.withLock { wanted in
            guard wanted[next] == nil else { return false }
            wanted[next] = []
            return true
        }
        if isFirst { make(next) }
    }

    private func answer(
        _ node: NodeID, _ image: RenderedImage, _ range: Range<Int>, _ reply: consuming DataReply
    ) {
        let range = range.clamped(to: 0..<image.bytes.count)
        // Read as a whole, it is in the kernel's cache.
        if image.deliver(range.count) { archive.dropImage(node, isRaw: isRaw) }
        var reply: DataReply? = reply
        image.bytes.withUnsafeBytes { reply.take()?.data([UnsafeRawBufferPointer(rebasing: $0[range])]) }
    }
}
