import DICOMArchive
import Synchronization

/// Which directories the kernel may hold something of: a listing, or attributes.
///
/// Of the tree kept the other way round, as those it cannot: told since it last asked. That set is bounded, and forgetting
/// it only costs notifications. Of the views kept as they are, since seldom any is looked at, and each arrival is in some
/// that no other was in. A directory is held before its rows are read, so that what is read late is made known again.
final class HeldDirectories: Sendable {
    private struct State {
        var clean: Set<NodeID> = []
        /// Directories of views that may be held; nil when that is not known: then they are as all others.
        var views: Set<NodeID>? = []
        var changes = 0

        func isClean(_ directory: NodeID) -> Bool {
            if directory.isOfViews, let views { return !views.contains(directory) }
            return clean.contains(directory)
        }
    }

    private static let mostClean = 65_536
    /// All of by-id, and as many again.
    private static let mostViews = 131_072
    private let state = Mutex(State())

    /// - Parameter isInherited: whether the kernel may hold what another process told it.
    init(isInherited: Bool = false) {
        if isInherited { state.withLock { $0.views = nil } }
    }

    /// The kernel is about to be given something of a directory.
    func hold(_ directory: NodeID) {
        state.withLock { state in
            state.clean.remove(directory)
            guard directory.isOfViews, state.views?.insert(directory).inserted == true else { return }
            if state.views?.count ?? 0 > Self.mostViews { state.views = nil }
        }
    }

    /// How many changes there were.
    var changes: Int { state.withLock { $0.changes } }

    /// Something has changed in these directories; whether the kernel holds nothing of any.
    func change(_ directories: some Sequence<NodeID>) -> Bool {
        state.withLock { state in
            state.changes += 1
            return directories.allSatisfy { state.isClean($0) }
        }
    }

    /// The kernel is about to be told of a change in a directory; false when there is no need.
    func release(_ directory: NodeID) -> Bool {
        state.withLock { state in
            if directory.isOfViews, state.views != nil { return state.views?.remove(directory) != nil }
            if state.clean.count >= Self.mostClean { state.clean.removeAll(keepingCapacity: true) }
            return state.clean.insert(directory).inserted
        }
    }
}
