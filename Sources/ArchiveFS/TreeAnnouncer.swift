package import DICOMArchive
import Dispatch
package import FUSE
import Synchronization

/// Makes the kernel forget what changed in the tree, before the sender of an instance hears that it is stored.
package final class TreeAnnouncer: TreeObserver {
    /// How long an answer to C-STORE waits for the kernel: it holds a directory's lock while it waits for a reader.
    private static let patience = DispatchTimeInterval.milliseconds(200)

    private let tree: ArchiveTree
    private let notifier: Notifier
    /// One thread, which serves no request and holds no lock: a notification may wait for a request.
    private let queue = DispatchQueue(label: "announce")

    /// Notifications queued or under way.
    private let waiting = Atomic<Int>(0)

    /// An announcer of changes in a tree to the kernel that has it mounted.
    package init(_ tree: ArchiveTree, _ notifier: Notifier) {
        self.tree = tree
        self.notifier = notifier
    }

    package func treeDidChange(_ changes: [TreeChange]) {
        if isKnown(changes) { return }
        let told = DispatchSemaphore(value: 0)
        waiting.wrappingAdd(1, ordering: .acquiringAndReleasing)
        queue.async { [self] in
            for change in changes { tell(change) }
            waiting.wrappingSubtract(1, ordering: .acquiringAndReleasing)
            told.signal()
        }
        _ = told.wait(timeout: .now() + Self.patience)
    }

    /// Whether there is nothing to tell: only arrivals, in directories that the kernel holds nothing of, and no earlier
    /// notification of one of them is still under way.
    private func isKnown(_ changes: [TreeChange]) -> Bool {
        guard waiting.load(ordering: .acquiring) == 0 else { return false }
        return changes.allSatisfy { change in
            if case .added(_, let parent, _) = change { tree.held.isClean(parent) } else { false }
        }
    }

    private func tell(_ change: TreeChange) {
        switch change {
        case .added(let node, let parent, let entry):
            guard tree.held.release(parent) else { return }
            // The name is not known to the kernel, but this waits for listings under way; then they are forgotten.
            notifier.invalidateEntry(names(node, entry)[0], in: parent.rawValue)
            notifier.invalidate(parent.rawValue)
        case .removed(let node, let parent, let entry):
            _ = tree.held.release(parent)
            for name in names(node, entry) { notifier.invalidateEntry(name, in: parent.rawValue) }
            notifier.invalidate(parent.rawValue)
            if node.isOfInstance {
                for (kind, _) in InstanceEntries.kinds { notifier.invalidate(node.of(kind).rawValue) }
            }
        }
    }

    private func names(_ node: NodeID, _ entry: EntryRow) -> [String] {
        node.isOfInstance ? InstanceEntries(node, entry).names.map(\.name) : [entry.name]
    }
}
