import Glibc

/// POSIX threads (pthread_create(3)), for work that blocks.
package enum Thread {
    /// Runs `body` on a new detached thread; on this one when none can be had: for work that ends.
    package static func start(_ body: @escaping @Sendable () -> Void) {
        if !startIfPossible(body) { body() }
    }

    /// Runs `body` on a new detached thread.
    ///
    /// - Returns: false when none can be had, and nothing was done.
    package static func startIfPossible(_ body: @escaping @Sendable () -> Void) -> Bool {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        defer { pthread_attr_destroy(&attributes) }
        let start = Unmanaged.passRetained(ThreadStart(body))
        var thread = pthread_t()
        guard pthread_create(&thread, &attributes, runThread, start.toOpaque()) == 0 else {
            start.release()
            return false
        }
        return true
    }
}

/// What a new thread is to do.
private final class ThreadStart: Sendable {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

/// The first function of every thread: a free function, since C calls it where no actor is.
private func runThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    Unmanaged<ThreadStart>.fromOpaque(context).takeRetainedValue().body()
    return nil
}
