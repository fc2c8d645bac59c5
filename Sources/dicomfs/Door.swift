import ServiceLifecycle
import Threads

/// A part of the daemon that blocks on a thread of its own until it is stopped: a door of the archive.
struct Door: Service, CustomStringConvertible {
    let description: String
    let body: @Sendable () -> Void
    let stop: @Sendable () -> Void

    /// - Parameters:
    ///   - name: what the log calls it.
    ///   - run: returns when `stop` is called, from another thread, or when it ends by itself.
    init(_ name: String, run: @escaping @Sendable () -> Void, stop: @escaping @Sendable () -> Void) {
        description = name
        body = run
        self.stop = stop
    }

    func run() async {
        await withTaskCancellationOrGracefulShutdownHandler {
            await withCheckedContinuation { continuation in
                Thread.start {
                    body()
                    continuation.resume()
                }
            }
        } onCancelOrGracefulShutdown: {
            stop()
        }
    }
}

/// Waits until everything answers, says so, then waits for the daemon's end.
struct Readiness: Service, CustomStringConvertible {
    let description = "ready"
    /// Throws why something does not answer.
    let waitUntilReady: @Sendable () throws -> Void
    let isReady: @Sendable () -> Void
    let isEnding: @Sendable () -> Void

    func run() async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            Thread.start { continuation.resume(with: Result { try waitUntilReady() }) }
        }
        isReady()
        // Cancelled when another part failed.
        try? await gracefulShutdown()
        isEnding()
    }
}
