import Glibc
import Synchronization

/// Work that is done in the order in which it came, by a fixed number of threads of less weight than others. Usable from any thread.
package final class WorkQueue: Sendable {
    private struct State {
        var waiting: [@Sendable () -> Void] = []
        var first = 0
        var running = 0

        mutating func next() -> (@Sendable () -> Void)? {
            guard first < waiting.count else {
                waiting = []
                first = 0
                return nil
            }
            let work = waiting[first]
            first += 1
            if first > 1024, first * 2 > waiting.count {
                waiting.removeFirst(first)
                first = 0
            }
            return work
        }
    }

    private let threads: Int
    private let niceness: Int32
    private let state = Mutex(State())

    /// - Parameters:
    ///   - threads: the most at a time; there are none while there is no work.
    ///   - niceness: what is added to the process's own (nice(2)).
    package init(threads: Int, niceness: Int32 = 0) {
        self.threads = threads
        self.niceness = niceness
    }

    /// Does some work, later.
    package func add(_ work: @escaping @Sendable () -> Void) {
        let isMore = state.withLock { state in
            state.waiting.append(work)
            guard state.running < threads else { return false }
            state.running += 1
            return true
        }
        guard isMore else { return }
        let own = pthread_self()
        Thread.start { [self] in
            // Where no thread could be had, it is done here, with the weight it has.
            if pthread_equal(own, pthread_self()) == 0 { lowerWeight() }
            run()
        }
    }

    /// Whether no work waits for its turn.
    package var isEmpty: Bool { state.withLock { $0.first == $0.waiting.count } }

    private func lowerWeight() {
        // On Linux that of the calling thread alone (setpriority(2), "C library/kernel differences").
        let thread = __priority_which_t(PRIO_PROCESS.rawValue)
        if niceness != 0 { setpriority(thread, 0, getpriority(thread, 0) + niceness) }
    }

    private func run() {
        while true {
            let work = state.withLock { state in
                let work = state.next()
                if work == nil { state.running -= 1 }
                return work
            }
            guard let work else { return }
            work()
        }
    }
}
