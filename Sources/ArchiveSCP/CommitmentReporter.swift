import DICOM
import DICOMNetwork
import Synchronization
import Threads

/// Sends reports on storage commitments over associations of their own, again and again until they arrive.
///
/// After each failure it waits longer, an hour in all. What is not sent when the process ends is lost: the peer asks again.
final class CommitmentReporter: Sendable {
    /// Reports that wait; more are given up at once.
    private static let most = 256
    /// Seconds between tries.
    private static let pauses = [1, 5, 15, 60, 300, 900, 2400]

    private struct Waiting {
        var report: CommitmentReport
        var peer: String
        var wanted: RequestedAssociation
        var tries = 0
        var due = ContinuousClock.now
    }

    private let log: @Sendable (ArchiveProvider.LogEntry) -> Void
    private let state = Mutex(State())

    private struct State {
        var waiting: [Waiting] = []
        var isRunning = false
    }

    init(log: @escaping @Sendable (ArchiveProvider.LogEntry) -> Void) { self.log = log }

    /// Sends a report, later and on another thread.
    func send(_ report: CommitmentReport, to peer: String, _ wanted: RequestedAssociation) {
        var wanted = wanted
        wanted.contexts = [
            ProposedContext(
                SOPClass.storageCommitment,
                [TransferSyntax.explicitVRLittleEndian.uid, TransferSyntax.implicitVRLittleEndian.uid])
        ]
        wanted.providedClasses = [SOPClass.storageCommitment]
        let waiting = Waiting(report: report, peer: peer, wanted: wanted)
        let (isAdded, starts) = state.withLock { state in
            guard state.waiting.count < Self.most else { return (false, false) }
            state.waiting.append(waiting)
            defer { state.isRunning = true }
            return (true, !state.isRunning)
        }
        if !isAdded { giveUp(waiting, "too many wait") }
        if starts { Thread.start { [self] in run() } }
    }

    private func run() {
        while let next = next() {
            let left = ContinuousClock.now.duration(to: next.due)
            // Short, so that one that comes meanwhile does not wait for long.
            if left > .zero {
                put(next)
                Gate().wait(milliseconds: min(500, Int(left / .milliseconds(1)) + 1))
            } else {
                attempt(next)
            }
        }
    }

    /// The one that is due first, taken out; nil when there is none, and the thread is to end.
    private func next() -> Waiting? {
        state.withLock { state in
            guard let first = state.waiting.indices.min(by: { state.waiting[$0].due < state.waiting[$1].due }) else {
                state.isRunning = false
                return nil
            }
            return state.waiting.remove(at: first)
        }
    }

    private func put(_ waiting: Waiting) { state.withLock { $0.waiting.append(waiting) } }

    private func attempt(_ waiting: Waiting) {
        let why: String
        do {
            let user = try ServiceUser(waiting.wanted)
            do throws(AssociationEnd) {
                let status = try user.report(waiting.report)
                user.release()
                if status == .success { return }
                why = "it answered \(status)"
            } catch {
                user.conclude(error)
                why = error.description
            }
        } catch {
            why = "\(error)"
        }
        guard waiting.tries < Self.pauses.count else { return giveUp(waiting, why) }
        var again = waiting
        again.due = .now + .seconds(Self.pauses[waiting.tries])
        again.tries += 1
        put(again)
    }

    private func giveUp(_ waiting: Waiting, _ why: String) {
        log(
            ArchiveProvider.LogEntry(
                isProblem: true, line: "the report on a commitment cannot be sent to \(waiting.peer): \(why)"))
    }
}
