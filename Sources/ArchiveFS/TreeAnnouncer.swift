package import DICOMArchive
import Dispatch
package import FUSE
import Synchronization

/// Makes the kernel forget what changed in the tree, before the sender of an instance hears that it is stored.
package final class TreeAnnouncer: TreeObserver {
    /// How long an answer to C-STORE waits for the kernel, which holds a directory's lock while it waits for a reader. A busy
    /// machine can take that long. But when somebody had to wait in vain, the next wait less, until all is told.
    private static let patience = DispatchTimeInterval.milliseconds(2000)
    private static let lessPatience = DispatchTimeInterval.milliseconds(50)

    let tree: ArchiveTree
    let notifier: Notifier
    /// One thread, which serves no request and holds no lock: a notification may wait for a request.
    let queue = DispatchQueue(label: "announce")
    /// Tells what an earlier process may have left untold, which takes long and waits for nobody.
    let restart = DispatchQueue(label: "announce.restart")

    /// Notifications queued or under way.
    private let waiting = Atomic<Int>(0)
    /// Whether somebody has waited in vain for one of them.
    private let isStuck = Atomic<Bool>(false)

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
            tell(changes)
            let rest = waiting.wrappingSubtract(1, ordering: .sequentiallyConsistent).newValue
            if rest == 0 { isStuck.store(false, ordering: .relaxed) }
            told.signal()
        }
        let patience = isStuck.load(ordering: .relaxed) ? Self.lessPatience : Self.patience
        guard told.wait(timeout: .now() + patience) == .timedOut else { return }
        // Unless all was told just now.
        isStuck.store(waiting.load(ordering: .sequentiallyConsistent) > 0, ordering: .relaxed)
    }

    /// Whether there is nothing to tell: only arrivals, in directories that the kernel holds nothing of, and no earlier
    /// notification of one of them is still under way.
    private func isKnown(_ changes: [TreeChange]) -> Bool {
        // Before anything is told: a listing that is being read compares.
        let isHeld = !tree.held.change(changes.flatMap { tree.directories(of: $0) })
        return !isHeld && changes.allSatisfy(\.isArrival) && waiting.load(ordering: .sequentiallyConsistent) == 0
    }

    private func tell(_ changes: [TreeChange]) {
        var changed: [NodeID] = []
        for change in changes {
            let directories = tree.directories(of: change)
            // What was removed is told of whether it is held or not: names are not in that.
            changed += directories.filter { tree.held.release($0) || !change.isArrival }
            if case .removed(let node, _, let entry, _) = change { forgetNames(of: change, node, entry) }
        }
        forget(changed)
        for case .removed(let node, _, _, _) in changes {
            if node.isOfInstance {
                for kind in InstanceEntries.kinds { notifier.invalidate(node.of(kind.node).rawValue) }
                for frames in tree.directories(like: node.of(.frames)) { notifier.invalidate(frames.rawValue) }
            } else {
                forget(tree.directories(like: node))
            }
        }
        let emptied = changes.allSatisfy(\.isArrival) ? [] : tree.emptied(among: Array(Set(changed)))
        for (_, name, above) in emptied { notifier.invalidateEntry(name, in: above.rawValue) }
    }

    /// Makes the kernel forget the names of what was removed, those of frames' images first.
    private func forgetNames(of change: TreeChange, _ node: NodeID, _ entry: EntryRow) {
        if entry.frames > 0 {
            for frames in tree.directories(like: node.of(.frames)) { forgetFrames(frames, entry.frames) }
        }
        for (directory, name) in tree.places(of: change) {
            let names = node.isOfInstance ? InstanceEntries.names(name, entry) : [name]
            for name in names { notifier.invalidateEntry(name, in: directory.rawValue) }
        }
    }

    /// Makes the kernel forget the names in a `.frames` directory: stored again, the instance has the same directory but
    /// other frames, and names of files in use would come back with it.
    private func forgetFrames(_ frames: NodeID, _ count: Int) {
        notifier.waitForRequests(in: frames.rawValue)
        guard notifier.invalidate(frames.rawValue) else { return }
        for number in 1...count { notifier.invalidateEntry(InstanceEntries.frameName(number), in: frames.rawValue) }
    }

    /// Makes the kernel forget directories' listings and attributes, and those in answers that it has not read yet: to
    /// listings and look-ups of each, and of the one it is in.
    private func forget(_ directories: [NodeID]) {
        var seen: Set<NodeID> = []
        let directories = directories.filter { seen.insert($0).inserted }
        // Each is waited for once, whatever the number of changes in it.
        let above = directories.compactMap { try? tree.parent(of: $0) }.filter { seen.insert($0).inserted }
        for directory in above + directories { notifier.waitForRequests(in: directory.rawValue) }
        for directory in directories { notifier.invalidate(directory.rawValue) }
    }
}

extension TreeChange {
    fileprivate var isArrival: Bool {
        if case .added = self { true } else { false }
    }
}
