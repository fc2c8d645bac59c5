import DICOM
import DICOMNetwork
import Synchronization
import Threads

/// Sends reports on storage commitments over associations of their own, again and again for an hour, until they arrive.
///
/// Each peer has its thread while there is something for it, and one that cannot be reached, or refuses, a pause after each try.
/// What is not sent when the process ends is lost: the peer asks again.
final class CommitmentReporter: Sendable {
    /// How a peer is called at the moment; nil when it cannot be.
    typealias Call = @Sendable (_ requester: AssociationInfo) -> RequestedAssociation?

    /// Reports that wait; more are given up at once.
    private static let most = 256
    /// Of those, for one peer.
    private static let mostForOne = 64
    /// Instances that those are about.
    private static let mostInstances = 200_000
    /// Seconds between tries, the last again and again.
    private static let pauses = [1, 5, 15, 60, 300, 900]
    private static let patience = Duration.seconds(3600)

    /// A report on its way.
    private struct Waiting {
        var report: CommitmentReport
        var requester: AssociationInfo
        let since = ContinuousClock.now
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
            let all = waiting.values.joined()
            let instances = all.reduce(report.instances) { $0 + $1.report.instances }
            guard all.count < Self.most, waiting[peer]?.count ?? 0 < Self.mostForOne, instances <= Self.mostInstances
            else { return (false, false) }
            let starts = waiting[peer] == nil
            waiting[peer, default: []].append(new)
            return (true, starts)
        }
        if !isAdded { giveUp(new, "too many wait") }
        guard starts, !Thread.startIfPossible({ [self] in run(peer) }) else { return }
        for one in waiting.withLock({ $0.removeValue(forKey: peer) }) ?? [] { giveUp(one, "there is no thread for it") }
    }

    private func run(_ peer: String) {
        var failures = 0
        while let next = next(peer) {
            guard let problem = problem(of: next) else {
                failures = 0
                continue
            }
            if next.since + Self.patience <= .now {
                giveUp(next, problem)
            } else {
                // Behind the others: perhaps it is this one that the peer does not take.
                waiting.withLock { $0[peer]?.append(next) }
            }
            Gate().wait(milliseconds: 1000 * Self.pauses[min(failures, Self.pauses.count - 1)])
            failures += 1
        }
    }

    /// The first, taken out; nil when there is none, and the thread is to end.
    private func next(_ peer: String) -> Waiting? {
        waiting.withLock { waiting in
            guard waiting[peer]?.isEmpty == false else {
                waiting[peer] = nil
                return nil
            }
            return waiting[peer]?.removeFirst()
        }
    }

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
