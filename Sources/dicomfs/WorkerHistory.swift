/// What became of the workers so far, and what follows from it: the next one, or no more.
struct WorkerHistory {
    /// What to do after a worker's end.
    enum Next: Equatable {
        case start(afterMilliseconds: Int)
        case giveUp
    }

    /// So many workers in a row may fail: by their own fault before they are ready, or soon after.
    private static let patience = 5
    private static let youth = Duration.seconds(10)
    /// Whatever ends them, none is started when so long none has served.
    private static let longestPause = Duration.seconds(60)

    private var failures = 0
    private var lastServed: ContinuousClock.Instant

    /// No worker yet.
    init(at time: ContinuousClock.Instant = .now) { lastServed = time }

    /// A worker has ended, or could not be started.
    ///
    /// - Parameters:
    ///   - ready: when it was ready; nil when it never was.
    ///   - isFault: whether it ended by its own fault, and not because somebody wanted it to.
    mutating func end(
        ready: ContinuousClock.Instant?, isFault: Bool, at time: ContinuousClock.Instant = .now
    ) -> Next {
        if ready != nil { lastServed = time }
        if isFault, ready.map({ $0.duration(to: time) < Self.youth }) ?? true {
            failures += 1
        } else if ready != nil {
            failures = 0
        }
        guard failures < Self.patience, lastServed.duration(to: time) < Self.longestPause else { return .giveUp }
        // 0.1 s, then four times as long each time.
        return .start(afterMilliseconds: failures > 0 || ready == nil ? 25 << (2 * failures) : 0)
    }
}
