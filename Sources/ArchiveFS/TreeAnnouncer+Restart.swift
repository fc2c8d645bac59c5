import DICOMArchive
import Dispatch
import FUSE

extension TreeAnnouncer {
    /// Makes the kernel forget all names and listings, for a tree that was served by a process of which it is not known
    /// whether it had told everything.
    ///
    /// Goes through all directories beside what arrives; ``finish()`` waits for that too.
    ///
    /// - Parameter failed: called when the archive cannot be read: the rest may be stale for the mount's timeout.
    package func forgetEverything(failed: @escaping @Sendable (any Error) -> Void) {
        notifier.forgetAllNames()
        // Directories in use keep their listings.
        restart.async { [self] in
            func forget(_ directory: NodeID) { notifier.invalidate(directory.rawValue) }
            for fixed in [NodeID.root, .views, .byStudy, .byDate, .byUID, .byID, .unknownDate] { forget(fixed) }
            var dates: Set<NodeID> = []
            do {
                for kind in [NodeID.Kind.patient, .study, .series] {
                    try tree.archive.nodes(kind) { node in
                        tree.directories(like: node).forEach(forget)
                        if kind == .study { dates.formUnion(tree.directories(of: .arrival(ofStudy: node))) }
                    }
                }
            } catch {
                failed(error)
            }
            dates.forEach(forget)
            for outer in UInt8.min...UInt8.max {
                forget(IDPart(outer).node)
                for inner in UInt8.min...UInt8.max { forget(IDPart(outer, inner).node) }
            }
        }
    }

    /// Waits until everything is told, but no longer than 5 seconds; whether it is.
    package func finish() -> Bool {
        let told = DispatchSemaphore(value: 0)
        restart.async { [self] in queue.async { told.signal() } }
        return told.wait(timeout: .now() + .seconds(5)) == .success
    }
}

extension TreeChange {
    /// Such that it shows in the same directories of views.
    fileprivate static func arrival(ofStudy node: NodeID) -> TreeChange {
        .added(node, parent: .root, entry: EntryRow())
    }
}
