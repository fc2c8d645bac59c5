import Synchronization
import Threads

/// Values that were costly to make, kept up to a total cost, the ones used last longest. Usable from any thread.
///
/// Threads that want the same value at the same time share one making of it.
package final class BoundedCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct State {
        var values: [Key: (value: Value, cost: Int, used: UInt64)] = [:]
        var cost = 0
        var clock: UInt64 = 0
        var making: [Key: PendingValue<Value>] = [:]
    }

    private enum Found {
        case value(Value)
        case madeByAnother(PendingValue<Value>)
        case toMake(PendingValue<Value>)
    }

    /// The most cost that is kept.
    package let capacity: Int
    private let cost: @Sendable (Value) -> Int
    private let state = Mutex(State())
    private let found = Atomic<Int>(0)
    private let missed = Atomic<Int>(0)

    /// An empty cache.
    ///
    /// - Parameters:
    ///   - capacity: the most cost to keep, in the unit of `cost`. A value that is dearer is never kept.
    ///   - cost: what keeping a value takes, usually its bytes.
    package init(capacity: Int, cost: @escaping @Sendable (Value) -> Int) {
        self.capacity = capacity
        self.cost = cost
    }

    /// The value of a key, from `make` when it is not kept; nil, which is not kept, when `make` gives that.
    package func value(_ key: Key, make: () throws -> Value?) throws -> Value? {
        switch state.withLock({ find(key, &$0) }) {
        case .value(let value):
            found.wrappingAdd(1, ordering: .relaxed)
            return value
        case .madeByAnother(let pending):
            found.wrappingAdd(1, ordering: .relaxed)
            return try pending.wait()
        case .toMake(let pending):
            missed.wrappingAdd(1, ordering: .relaxed)
            let result = Result { try make() }
            state.withLock { state in
                // A `remove` meanwhile has taken the making away: what was made is then old.
                if state.making[key] === pending {
                    state.making[key] = nil
                    if case .success(.some(let value)) = result { keep(value, key, &state) }
                }
            }
            pending.finish(result)
            return try result.get()
        }
    }

    /// The value of a key if it is kept.
    package func valueAtHand(_ key: Key) -> Value? {
        let value: Value? = state.withLock { state in
            guard let found = state.values[key]?.value else { return nil }
            state.clock += 1
            state.values[key]?.used = state.clock
            return found
        }
        if value != nil { found.wrappingAdd(1, ordering: .relaxed) }
        return value
    }

    /// How often a value was there or was being made by another thread, and how often it was made.
    package var counts: (hits: Int, misses: Int) {
        (found.load(ordering: .relaxed), missed.load(ordering: .relaxed))
    }

    /// Forgets the value of a key. One that is being made is given to those who wait for it, but not kept.
    package func remove(_ key: Key) {
        state.withLock { remove(key, &$0) }
    }

    /// Forgets the values of all keys that a predicate is true for.
    package func removeAll(where isOld: (Key) -> Bool) {
        state.withLock { state in
            for key in Array(state.values.keys) + Array(state.making.keys) where isOld(key) { remove(key, &state) }
        }
    }

    private func remove(_ key: Key, _ state: inout State) {
        if let removed = state.values.removeValue(forKey: key) { state.cost -= removed.cost }
        state.making[key] = nil
    }

    private func find(_ key: Key, _ state: inout State) -> Found {
        state.clock += 1
        if let found = state.values[key]?.value {
            state.values[key]?.used = state.clock
            return .value(found)
        }
        if let pending = state.making[key] { return .madeByAnother(pending) }
        let pending = PendingValue<Value>()
        state.making[key] = pending
        return .toMake(pending)
    }

    private func keep(_ value: Value, _ key: Key, _ state: inout State) {
        let cost = cost(value)
        guard cost <= capacity else { return }
        state.values[key] = (value, cost, state.clock)
        state.cost += cost
        guard state.cost > capacity else { return }
        // A quarter of the room at once, so that the look at all of them is seldom.
        for (old, entry) in state.values.sorted(by: { $0.value.used < $1.value.used }) where old != key {
            guard state.cost > capacity / 4 * 3 else { return }
            state.values[old] = nil
            state.cost -= entry.cost
        }
    }
}

/// A value that one thread makes and others wait for.
private final class PendingValue<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value?, any Error>?>(nil)
    private let done = Gate()

    func finish(_ value: Result<Value?, any Error>) {
        result.withLock { $0 = value }
        done.open()
    }

    func wait() throws -> Value? {
        done.wait()
        guard let value = result.withLock({ $0 }) else { preconditionFailure("opened after the result is set") }
        return try value.get()
    }
}
