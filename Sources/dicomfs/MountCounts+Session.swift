import ArchiveControl
import FUSE

extension MountCounts {
    /// What was counted in a session so far.
    init(_ session: Session) {
        self.init()
        lookup = session.counters.lookUps.value
        getattr = session.counters.attributes.value
        readdir = session.counters.directories.value
        readdirplus = session.counters.directoriesPlus.value
        read = session.counters.reads.value
        openRefused = session.counters.opens.value
        statfs = session.counters.statistics.value
        forget = session.counters.forgets.value
        errors = session.counters.failures
        bytesDelivered = session.counters.bytesDelivered.value
        entriesListed = session.counters.entries.value
        notifications = session.notifier.sent.value
    }
}
