import DICOMArchive
import Dispatch
import FUSE

extension TreeAnnouncer {
    /// Makes the kernel forget all names and listings, for a tree that was served by a process of which it is not known
    /// whether it had told everything.
    package func forgetEverything() {
        notifier.forgetAllNames()
        queue.async { [self] in
            // Those in use keep their listings.
            notifier.invalidate(NodeID.root.rawValue)
            for kind in [NodeID.Kind.patient, .study, .series] {
                try? tree.archive.nodes(kind) { notifier.invalidate($0.rawValue) }
            }
        }
    }

    /// Waits until everything is told, but no longer than 5 seconds; whether it is.
    package func finish() -> Bool {
        let told = DispatchSemaphore(value: 0)
        queue.async { told.signal() }
        return told.wait(timeout: .now() + .seconds(5)) == .success
    }
}
