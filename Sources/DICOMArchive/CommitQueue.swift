import ContentStore
import Synchronization

/// Work that changes rows, one batch at a time: what is ready together becomes one synced write.
///
/// Whoever gets the turn does everything that waits; the others find theirs done when the turn comes to them. There is
/// no delay to collect work and no thread of its own. One turn at a time also makes look-then-write of the index safe.
final class CommitQueue: Sendable {
    /// A change of the archive: reads the rows through the plan and puts its changes there.
    typealias Work = @Sendable (inout CommitPlan) throws -> CommitOutcome

    private final class Item: Sendable {
        let work: Work
        let result = Mutex<Result<CommitOutcome, ArchiveError>?>(nil)

        init(_ work: @escaping Work) { self.work = work }
    }

    /// The most work in one write: bounds its memory.
    private static let batch = 64

    private let engine: any StorageEngine
    private let waiting = Mutex<[Item]>([])
    /// Who has the turn; when the last work was done, in nanoseconds since 1970: the order of commits is that of their times.
    private let turn = Mutex<UInt64>(0)

    init(engine: any StorageEngine) { self.engine = engine }

    /// How much work waits for its turn.
    var backlog: Int { waiting.withLock { $0.count } }

    /// Does the work, alone or with others'. When it returns, the changes are on disk; when it throws, none was made.
    func perform(_ work: @escaping Work) throws(ArchiveError) -> CommitOutcome {
        let item = Item(work)
        waiting.withLock { $0.append(item) }
        while true {
            turn.withLock { time in
                if item.result.withLock({ $0 == nil }) { time = commitWaiting(after: time) }
            }
            if let result = item.result.withLock({ $0 }) { return try result.get() }
        }
    }

    private func commitWaiting(after time: UInt64) -> UInt64 {
        let items = waiting.withLock { waiting in
            let items = Array(waiting.prefix(Self.batch))
            waiting.removeFirst(items.count)
            return items
        }
        var plan = CommitPlan(engine: engine, after: time)
        var done: [(Item, CommitOutcome)] = []
        for item in items {
            do {
                let outcome = try plan.step(item.work)
                done.append((item, outcome))
            } catch {
                item.result.withLock { $0 = .failure(ArchiveError(error)) }
            }
        }
        do {
            // Also where no row changes: a chunk of what is stored already may have been stored anew, for it was damaged.
            if !done.isEmpty { try engine.commit(plan.commits) }
            for (item, outcome) in done { item.result.withLock { $0 = .success(outcome) } }
        } catch {
            for (item, _) in done { item.result.withLock { $0 = .failure(ArchiveError(error)) } }
        }
        return plan.time
    }
}
