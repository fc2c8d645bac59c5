import DICOMArchive
import Glibc
import Synchronization

extension ControlServer {
    /// The most watchers at a time: they stay, and leave connections for commands.
    private static let mostWatchers = 8

    /// Sends what happens until the client goes away or asks for something else.
    func watch(_ connection: Int32) throws(Failure) {
        let isRoom = watchers.withLock { count in
            guard count < Self.mostWatchers else { return false }
            count += 1
            return true
        }
        guard isRoom else {
            throw Failure(
                .other, "\(Self.mostWatchers) watch the archive \(archive.folder.path) already; end one of them")
        }
        defer { watchers.withLock { $0 -= 1 } }
        let queue = try EventQueue(limit: mostWaiting)
        defer { archive.removeWatcher(queue) }
        do { try archive.addWatcher(queue) } catch { throw Failure(error) }
        do throws(Failure) {
            try send(.watching, to: connection)
            while try waitForNews(queue, connection) {
                guard let events = queue.take() else { throw tooSlow }
                for event in events {
                    try waitUntilWritable(connection, queue)
                    try send(.changed(ArchiveChange(event)), to: connection)
                }
            }
        } catch {
            // The sentence that comes last waits for one that does not read, but not for ever.
            var patience = timeval(tv_sec: 5, tv_usec: 0)
            setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
            throw error
        }
    }

    /// Waits until there are events; false when the client wants something else, or nothing any more.
    private func waitForNews(_ queue: EventQueue, _ connection: Int32) throws(Failure) -> Bool {
        var both = [
            pollfd(fd: connection, events: Int16(POLLIN), revents: 0),
            pollfd(fd: queue.news, events: Int16(POLLIN), revents: 0),
        ]
        while poll(&both, 2, -1) < 0, errno == EINTR {}
        if isStopped.load(ordering: .acquiring) { throw ended }
        return both[0].revents == 0
    }

    /// Waits until the client has taken most of what it was sent.
    private func waitUntilWritable(_ connection: Int32, _ queue: EventQueue) throws(Failure) {
        while true {
            var one = pollfd(fd: connection, events: Int16(POLLOUT), revents: 0)
            if poll(&one, 1, 500) > 0 { return }
            if queue.isOverrun { throw tooSlow }
            if isStopped.load(ordering: .acquiring) { throw ended }
        }
    }

    private var tooSlow: Failure {
        Failure(
            .other,
            "this watcher was cut off: it did not read while \(mostWaiting) events came; start it again, what came since is missing"
        )
    }

    private var ended: Failure { Failure(.ended, "the process that serves \(archive.folder.path) ends") }
}
