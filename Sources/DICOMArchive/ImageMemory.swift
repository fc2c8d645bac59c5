import Synchronization
import Threads

/// The memory that images under way may take together. Who wants more than is left waits; in the order of asking.
final class ImageMemory: Sendable {
    private struct State {
        var left: Int
        var waiting: [(bytes: Int, gate: Gate)] = []
    }

    private let limit: Int
    private let state: Mutex<State>

    init(limit: Int) {
        self.limit = limit
        state = Mutex(State(left: limit))
    }

    /// Takes a share, which ``give(_:)`` gives back; gives its size.
    ///
    /// - Throws: ``ArchiveError/Code/refused`` when there is not so much at all.
    func take(_ bytes: Int) throws(ArchiveError) -> Int {
        guard bytes <= limit else {
            throw ArchiveError(
                .refused,
                "the image would take \(bytes >> 20) MiB of memory, of the \(limit >> 20) MiB that images may;"
                    + " see dicomfs serve --image-memory")
        }
        let gate = Gate()
        let isThere = state.withLock { state in
            guard state.waiting.isEmpty, state.left >= bytes else {
                state.waiting.append((bytes, gate))
                return false
            }
            state.left -= bytes
            return true
        }
        if !isThere { gate.wait() }
        return bytes
    }

    func give(_ bytes: Int) {
        let served = state.withLock { state in
            state.left += bytes
            var served: [Gate] = []
            while let first = state.waiting.first, first.bytes <= state.left {
                state.left -= first.bytes
                served.append(first.gate)
                state.waiting.removeFirst()
            }
            return served
        }
        for gate in served { gate.open() }
    }
}
