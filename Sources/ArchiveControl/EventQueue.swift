import DICOMArchive
import Glibc
import Synchronization

/// The events that wait to be sent to one watcher: a bounded number, so that one who does not read holds up nobody and
/// takes no memory without end.
final class EventQueue: ArchiveWatcher {
    private struct State {
        var events: [ArchiveEvent] = []
        var isOverrun = false
    }

    private let limit: Int
    private let state = Mutex(State())
    /// Readable by poll(2) when there is news; and its other end.
    let news: Int32
    private let bell: Int32

    /// An empty queue.
    ///
    /// - Parameter limit: how many events may wait. Those of one commit stay together, so it may be exceeded by them.
    init(limit: Int) throws(Failure) {
        self.limit = limit
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw Failure(.other, "cannot watch: \(String(cString: strerror(errno)))")
        }
        (news, bell) = (ends[0], ends[1])
    }

    deinit {
        close(news)
        close(bell)
    }

    func archiveDidChange(_ events: [ArchiveEvent]) {
        state.withLock { state in
            guard !state.isOverrun else { return }
            if state.events.count < limit {
                state.events += events
            } else {
                state.isOverrun = true
                state.events = []
            }
        }
        // When it cannot take one more, it has rung.
        var byte: UInt8 = 0
        _ = send(bell, &byte, 1, Int32(MSG_NOSIGNAL))
    }

    /// Takes all that wait; nil when there were too many.
    func take() -> [ArchiveEvent]? {
        var bytes = [UInt8](repeating: 0, count: 512)
        while recv(news, &bytes, bytes.count, 0) == bytes.count {}
        return state.withLock { state in
            if state.isOverrun { return nil }
            defer { state.events = [] }
            return state.events
        }
    }

    var isOverrun: Bool { state.withLock { $0.isOverrun } }
}
