import Synchronization
import Threads

/// Threads that do something again and again until they are told to stop.
final class Hammer {
    private final class Flag: Sendable {
        let isSet = Atomic<Bool>(false)
    }

    private let isOver = Flag()
    private let ended: [Gate]

    init(_ works: (@Sendable () -> Void)...) {
        ended = works.map { [isOver] work in
            let gate = Gate()
            Thread.start {
                while !isOver.isSet.load(ordering: .relaxed) { work() }
                gate.open()
            }
            return gate
        }
    }

    /// Ends the threads and waits for their ends.
    func stop() {
        isOver.isSet.store(true, ordering: .relaxed)
        for gate in ended { gate.wait() }
    }
}

/// How often something was done.
final class Rounds: Sendable {
    private let number = Atomic<Int>(0)

    var count: Int { number.load(ordering: .relaxed) }

    /// One more; the number of it, from 1.
    func next() -> Int { number.wrappingAdd(1, ordering: .relaxed).newValue }
}
