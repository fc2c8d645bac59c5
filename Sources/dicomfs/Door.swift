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

/// Says that the daemon is ready when it is, to who reads its standard output and to systemd, then waits for its end.
struct ReadyLine: Service, CustomStringConvertible {
    let description = "ready"
    /// Waits until everything answers; throws why it does not.
    let waitUntilReady: @Sendable () throws -> Void
    let line: String

    func run() async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            Thread.start { continuation.resume(with: Result { try waitUntilReady() }) }
        }
        Output.line(line)
        StandardStreams.releaseOutput()
        ServiceManager.tell("READY=1", "STATUS=\(line)")
        // Cancelled when another part failed.
        try? await gracefulShutdown()
        ServiceManager.tell("STOPPING=1")
    }
}
