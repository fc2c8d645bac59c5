import Synchronization

/// How many requests of each kind reached this process since the session began. Relaxed counts, free to read at any time.
package struct Counters: ~Copyable, Sendable {
    package let lookUps = Counter()
    package let attributes = Counter()
    package let directories = Counter()
    package let reads = Counter()
    package let opens = Counter()
    package let statistics = Counter()
    package let bytesDelivered = Counter()

    init() {}
}

/// A number that only grows.
package final class Counter: Sendable {
    private let number = Atomic<Int>(0)

    /// How much was counted.
    package var value: Int { number.load(ordering: .relaxed) }

    func add(_ more: Int = 1) { number.wrappingAdd(more, ordering: .relaxed) }
}
