import DICOMArchive
import Synchronization

/// Which directories the kernel may hold something of: a listing, or attributes.
///
/// Kept the other way round, as those it cannot: told since it last asked. That set is bounded, and forgetting it only
/// costs notifications. A directory is held before its rows are read, so that what is read late is made known again.
final class HeldDirectories: Sendable {
    private struct State {
        var clean: Set<NodeID> = []
        var changes = 0
    }

    private static let limit = 65_536
    private let state = Mutex(State())

    /// The kernel is about to be given something of a directory.
    func hold(_ directory: NodeID) {
        state.withLock { _ = $0.clean.remove(directory) }
    }

    /// How many changes there were.
    var changes: Int { state.withLock { $0.changes } }

    /// Something has changed in these directories; whether the kernel holds nothing of any.
    func change(_ directories: some Sequence<NodeID>) -> Bool {
        state.withLock { state in
            state.changes += 1
            return directories.allSatisfy { state.clean.contains($0) }
        }
    }

    /// The kernel is about to be told of a change in a directory; false when there is no need.
    func release(_ directory: NodeID) -> Bool {
        state.withLock { state in
            if state.clean.count >= Self.limit { state.clean.removeAll(keepingCapacity: true) }
            return state.clean.insert(directory).inserted
        }
    }
}
