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

    init(_ archive: Archive, isRaw: Bool) {
        self.archive = archive
        self.isRaw = isRaw
    }

    /// Makes ready what the first read would have to wait for, beside all else.
    func prepare() { work.add { Archive.prepareImages() } }

    /// Answers a read of a `.png` or frame node: now if the image is at hand, else when it is made.
    func read(_ node: NodeID, _ range: Range<Int>, _ reply: consuming DataReply) {
        if let image = archive.imageAtHand(node, isRaw: isRaw) { return answer(node, image, range, reply) }
        let deferred = DeferredReply(reply)
        let isFirst = wanted.withLock { wanted in
            wanted[node, default: []].append((range, deferred))
            return wanted[node]?.count == 1
        }
        if isFirst { work.add { [self] in make(node) } }
    }

    private func make(_ node: NodeID) {
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
    }

    private func answer(
        _ node: NodeID, _ image: RenderedImage, _ range: Range<Int>, _ reply: consuming DataReply
    ) {
        // Read to its end, it is in the kernel's cache.
        if range.upperBound >= image.bytes.count { archive.dropImage(node, isRaw: isRaw) }
        let range = range.clamped(to: 0..<image.bytes.count)
        var reply: DataReply? = reply
        image.bytes.withUnsafeBytes { reply.take()?.data([UnsafeRawBufferPointer(rebasing: $0[range])]) }
    }
}
