import DICOMArchive
import Synchronization

/// Which directories the kernel may hold something of: a listing, or attributes.
///
/// Kept the other way round, as those it cannot: told since it last asked. That set is bounded, and forgetting it only
/// costs notifications. A directory is held before its rows are read, so that what is read late is made known again.
final class HeldDirectories: Sendable {
    private static let limit = 65_536
    private let clean = Mutex(Set<NodeID>())

    /// The kernel is about to be given something of a directory; whether it held nothing until now.
    @discardableResult
    func hold(_ directory: NodeID) -> Bool {
        clean.withLock { $0.remove(directory) != nil }
    }

    /// Whether the kernel holds nothing of a directory.
    func isClean(_ directory: NodeID) -> Bool { clean.withLock { $0.contains(directory) } }

    /// The kernel is about to be told of a change in a directory; false when there is no need.
    func release(_ directory: NodeID) -> Bool {
        clean.withLock { clean in
            if clean.count >= Self.limit { clean.removeAll(keepingCapacity: true) }
            return clean.insert(directory).inserted
        }
    }
}
