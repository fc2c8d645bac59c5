package import DICOMArchive
import Dispatch
package import FUSE
import Synchronization

/// Makes the kernel forget what changed in the tree, before the sender of an instance hears that it is stored.
package final class TreeAnnouncer: TreeObserver {
    /// How long an answer to C-STORE waits for the kernel: it holds a directory's lock while it waits for a reader.
    private static let patience = DispatchTimeInterval.milliseconds(200)

    let tree: ArchiveTree
    let notifier: Notifier
    /// One thread, which serves no request and holds no lock: a notification may wait for a request.
    let queue = DispatchQueue(label: "announce")

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
        waiting.wrappingAdd(1, ordering: .sequentiallyConsistent)
        queue.async { [self] in
            for change in changes { tell(change) }
            waiting.wrappingSubtract(1, ordering: .sequentiallyConsistent)
            told.signal()
        }
        _ = told.wait(timeout: .now() + Self.patience)
    }

    /// Whether there is nothing to tell: only arrivals, in directories that the kernel holds nothing of, and no earlier
    /// notification of one of them is still under way.
    private func isKnown(_ changes: [TreeChange]) -> Bool {
        // First, whatever else: a listing that is being read compares.
        let isHeld = !tree.held.change(changes.lazy.map(\.parent))
        return !isHeld && changes.allSatisfy(\.isArrival) && waiting.load(ordering: .sequentiallyConsistent) == 0
    }

    private func tell(_ change: TreeChange) {
        switch change {
        case .added(_, let parent, _):
            guard tree.held.release(parent) else { return }
            forget(parent)
        case .removed(let node, let parent, let entry):
            _ = tree.held.release(parent)
            if entry.frames > 0 { forgetFrames(of: node, entry.frames) }
            let names = node.isOfInstance ? InstanceEntries(node, entry).names.map(\.name) : [entry.name]
            for name in names { notifier.invalidateEntry(name, in: parent.rawValue) }
            forget(parent)
            guard node.isOfInstance else { return forget(node) }
            for (kind, _) in InstanceEntries.kinds { notifier.invalidate(node.of(kind).rawValue) }
        }
    }

    /// Makes the kernel forget the names in a `.frames` directory: stored again, the instance has the same directory but
    /// other frames, and names of files in use would come back with it.
    private func forgetFrames(of node: NodeID, _ count: Int) {
        let frames = node.of(.frames).rawValue
        notifier.waitForRequests(in: frames)
        guard notifier.invalidate(frames) else { return }
        for number in 1...count { notifier.invalidateEntry(InstanceEntries.frameName(number), in: frames) }
    }

    /// Makes the kernel forget a directory's listing and attributes, and those in answers that it has not read yet: to
    /// listings and look-ups of the directory, and of the one it is in.
    private func forget(_ directory: NodeID) {
        if let above = try? tree.archive.parent(of: directory) { notifier.waitForRequests(in: above.rawValue) }
        notifier.waitForRequests(in: directory.rawValue)
        notifier.invalidate(directory.rawValue)
    }
}

extension TreeChange {
    /// The directory that changed.
    fileprivate var parent: NodeID {
        switch self {
        case .added(_, let parent, _), .removed(_, let parent, _): parent
        }
    }

    fileprivate var isArrival: Bool {
        if case .added = self { true } else { false }
    }
}
