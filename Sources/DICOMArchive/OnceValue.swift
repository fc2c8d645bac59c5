import Synchronization

/// A value that is made when it is first wanted, and kept. Usable from any thread: others wait for the one that makes it.
final class OnceValue<Value: Sendable>: Sendable {
    private let made = Mutex<Value?>(nil)

    /// The value; `make` is called until it has given one.
    func value(_ make: () throws -> Value) rethrows -> Value {
        try made.withLock { made in
            if let made { return made }
            let value = try make()
            made = value
            return value
        }
    }
}
