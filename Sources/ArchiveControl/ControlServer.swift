package import DICOMArchive
import Dispatch
import Glibc
import Synchronization
import Threads

/// Carries out the requests of other processes that come over the archive's control socket (unix(7), mode 0600).
///
/// A thread for each connection, at most ``limit``; the socket is in the archive's folder and is removed at the end.
package final class ControlServer: Sendable {
    /// The most connections at a time; more wait.
    static let limit = 32

    let archive: Archive
    private let path: String
    /// How many events wait for a watcher before it is cut off.
    let mostWaiting: Int
    /// How many watch.
    let watchers = Mutex(0)
    let mountCounts = Mutex<(@Sendable () -> MountCounts)?>(nil)
    private let listener: Int32
    private let connections = Mutex(Set<Int32>())
    let isStopped = Atomic(false)
    private let ended = Gate()
    /// Counts the connections that may still be accepted.
    private let room = DispatchSemaphore(value: 0)

    /// Listens; an old socket is replaced, since the archive's lock proves that its owner is gone.
    ///
    /// - Parameter mostWaiting: how many events wait for a watcher that does not read, before it is cut off.
    package init(archive: Archive, mostWaiting: Int = 20_000) throws(Failure) {
        self.archive = archive
        self.mostWaiting = mostWaiting
        // Not made with this value: a semaphore may not be dropped below what it was made with.
        for _ in 0..<Self.limit { room.signal() }
        path = ArchiveFolder.controlSocket(of: archive.folder.path)
        do { listener = try ControlSocket.listen(path) } catch {
            throw error as? Failure ?? Failure(.other, "\(error)")
        }
    }

    deinit { close(listener) }

    /// Accepts until ``stop()``; returns when all requests have ended.
    package func run() {
        while !isStopped.load(ordering: .acquiring) {
            room.wait()
            let connection = ControlSocket.accept(listener)
            guard connection >= 0, ControlSocket.isOurs(connection) else {
                if connection >= 0 {
                    close(connection)
                } else if errno == EMFILE || errno == ENFILE || errno == ENOMEM {
                    usleep(100_000)
                }
                room.signal()
                continue
            }
            connections.withLock { _ = $0.insert(connection) }
            // It may have come too late for `stop`.
            if isStopped.load(ordering: .acquiring) { shutdown(connection, Int32(SHUT_RD)) }
            let isStarted = Thread.startIfPossible { [self] in
                serve(connection)
                end(connection)
            }
            if !isStarted { end(connection) }
        }
        unlink(path)
        if connections.withLock({ $0.isEmpty }) { ended.open() }
        ended.wait(milliseconds: 5000)
    }

    /// Makes ``run()`` return: requests under way may end, their clients' connections are shut for reading.
    package func stop() {
        isStopped.store(true, ordering: .releasing)
        shutdown(listener, Int32(SHUT_RDWR))
        room.signal()
        connections.withLock { for connection in $0 { shutdown(connection, Int32(SHUT_RD)) } }
    }

    private func end(_ connection: Int32) {
        let isLast = connections.withLock { connections in
            connections.remove(connection)
            return connections.isEmpty
        }
        close(connection)
        room.signal()
        if isLast, isStopped.load(ordering: .acquiring) { ended.open() }
    }

    private func serve(_ connection: Int32) {
        do {
            while let (request, file) = try ControlSocket.receive(ControlRequest.self, from: connection) {
                defer { if let file { close(file) } }
                var last = ControlEvent.done
                do throws(Failure) {
                    switch request {
                    case .watch: try watch(connection)
                    case .live: try send(.live(liveStatistics()), to: connection)
                    default:
                        try archive.perform(request, file: file) { event in
                            if isStopped.load(ordering: .acquiring), event.isProgress {
                                throw Failure(
                                    .other, "the process that serves \(archive.folder.path) ends; try again")
                            }
                            try send(event, to: connection)
                            if case .checkpoint = event { waitForWord(connection) }
                        }
                    }
                } catch {
                    last = .failed(error)
                }
                try ControlSocket.send(last, file: nil, to: connection)
            }
        } catch {
            // The client went away or sent no request: its connection ends, nothing else.
        }
    }

    /// Waits until the client says something, or nothing any more.
    private func waitForWord(_ connection: Int32) {
        var one = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
        while poll(&one, 1, -1) < 0, errno == EINTR {}
    }

    func send(_ event: ControlEvent, to connection: Int32) throws(Failure) {
        do { try ControlSocket.send(event, file: nil, to: connection) } catch {
            throw error as? Failure ?? Failure(.other, "\(error)")
        }
    }
}
