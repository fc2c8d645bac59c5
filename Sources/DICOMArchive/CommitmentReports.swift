import Synchronization
import Threads

/// The reports on storage commitments that arrived lately, for those who requested them: a command, while another process
/// listens for associations. Any thread.
package final class CommitmentReports: Sendable {
    /// A report, as it came (PS3.4 J.3.3).
    package struct Report: Sendable {
        package var dataSet: [UInt8]
        package var transferSyntaxUID: String

        package init(dataSet: [UInt8], transferSyntaxUID: String) {
            self.dataSet = dataSet
            self.transferSyntaxUID = transferSyntaxUID
        }
    }

    /// How many are kept for those who ask later.
    private static let most = 64
    /// Bytes of all of them.
    private static let mostBytes = 16 << 20

    private struct State {
        var reports: [(transaction: String, report: Report)] = []
        var waiting: [String: Gate] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// Keeps a report.
    package func add(_ report: Report, transaction: String) {
        let gate = state.withLock { state in
            state.reports.append((transaction, report))
            while state.reports.count > Self.most
                || state.reports.reduce(0, { $0 + $1.report.dataSet.count }) > Self.mostBytes
            {
                state.reports.removeFirst()
            }
            return state.waiting.removeValue(forKey: transaction)
        }
        gate?.open()
    }

    /// Waits for the report on a transaction; nil when none comes.
    package func wait(for transaction: String, milliseconds: Int) -> Report? {
        if let report = find(transaction) { return report }
        let gate = state.withLock { state in
            let gate = state.waiting[transaction] ?? Gate()
            // It may have come in between.
            if state.reports.contains(where: { $0.transaction == transaction }) { gate.open() }
            state.waiting[transaction] = gate
            return gate
        }
        gate.wait(milliseconds: milliseconds)
        state.withLock { _ = $0.waiting.removeValue(forKey: transaction) }
        return find(transaction)
    }

    private func find(_ transaction: String) -> Report? {
        state.withLock { $0.reports.last { $0.transaction == transaction }?.report }
    }
}
