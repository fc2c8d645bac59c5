import DICOM
import DICOMNetwork
import Synchronization
import Threads

/// Sends reports on storage commitments over associations of their own, again and again until they arrive.
///
/// After each failure it waits longer, an hour in all. Each peer has its thread while there is something for it, so that one that
/// cannot be reached holds up no other. What is not sent when the process ends is lost: the peer asks again.
final class CommitmentReporter: Sendable {
    /// How a peer is called at the moment; nil when it cannot be.
    typealias Call = @Sendable (_ requester: AssociationInfo) -> RequestedAssociation?

    /// Reports that wait; more are given up at once.
    private static let most = 256
    /// Seconds between tries.
    private static let pauses = [1, 5, 15, 60, 300, 900, 2400]

    /// A report on its way.
    private struct Waiting {
        var report: CommitmentReport
        var requester: AssociationInfo
        var tries = 0
        var due = ContinuousClock.now
    }

    private let call: Call
    private let log: @Sendable (ArchiveProvider.LogEntry) -> Void
    /// By who asked for them. Whoever is in it has a thread.
    private let waiting = Mutex<[String: [Waiting]]>([:])

    /// - Parameter call: asked before each try: what the settings say of the peer may have changed.
    init(call: @escaping Call, log: @escaping @Sendable (ArchiveProvider.LogEntry) -> Void) {
        self.call = call
        self.log = log
    }

    /// Sends a report to who asked for it, later and on another thread.
    func send(_ report: CommitmentReport, to requester: AssociationInfo) {
        let new = Waiting(report: report, requester: requester)
        let peer = requester.peer
        let (isAdded, starts) = waiting.withLock { waiting in
            guard waiting.values.reduce(0, { $0 + $1.count }) < Self.most else { return (false, false) }
            let starts = waiting[peer] == nil
            waiting[peer, default: []].append(new)
            return (true, starts)
        }
        if !isAdded { giveUp(new, "too many wait") }
        guard starts, !Thread.startIfPossible({ [self] in run(peer) }) else { return }
        for one in waiting.withLock({ $0.removeValue(forKey: peer) }) ?? [] { giveUp(one, "there is no thread for it") }
    }

    private func run(_ peer: String) {
        while let next = next(peer) {
            let left = ContinuousClock.now.duration(to: next.due)
            if left > .zero {
                keep(next, peer)
                // Short, so that one that comes meanwhile does not wait for long.
                Gate().wait(milliseconds: min(500, Int(left / .milliseconds(1)) + 1))
            } else if let problem = problem(of: next) {
                guard next.tries < Self.pauses.count else {
                    giveUp(next, problem)
                    continue
                }
                var again = next
                again.due = .now + .seconds(Self.pauses[next.tries])
                again.tries += 1
                keep(again, peer)
            }
        }
    }

    /// The one that is due first, taken out; nil when there is none, and the thread is to end.
    private func next(_ peer: String) -> Waiting? {
        waiting.withLock { waiting in
            let all = waiting[peer] ?? []
            guard let first = all.indices.min(by: { all[$0].due < all[$1].due }) else {
                waiting[peer] = nil
                return nil
            }
            return waiting[peer]?.remove(at: first)
        }
    }

    private func keep(_ one: Waiting, _ peer: String) { waiting.withLock { $0[peer]?.append(one) } }

    /// Sends it; why it did not arrive, nil when it did.
    private func problem(of waiting: Waiting) -> String? {
        guard var wanted = call(waiting.requester) else { return "no peer with that AE title can be called any more" }
        wanted.contexts = [
            ProposedContext(
                SOPClass.storageCommitment,
                [TransferSyntax.explicitVRLittleEndian.uid, TransferSyntax.implicitVRLittleEndian.uid])
        ]
        wanted.providedClasses = [SOPClass.storageCommitment]
        let user: ServiceUser
        do { user = try ServiceUser(wanted) } catch { return "\(error)" }
        do throws(AssociationEnd) {
            let status = try user.report(waiting.report)
            user.release()
            return status == .success ? nil : "it answered \(status)"
        } catch {
            user.conclude(error)
            return error.description
        }
    }

    private func giveUp(_ waiting: Waiting, _ why: String) {
        log(
            ArchiveProvider.LogEntry(
                isProblem: true,
                line: "the report on a commitment cannot be sent to \(waiting.requester.peer): \(why)"))
    }
}
