import Synchronization
import Testing

@testable import ArchiveSCP
@testable import DICOMNetwork

/// Reports on commitments that wait for their peer.
@Suite struct CommitmentReporterTests {
    private func requester(_ aeTitle: String) -> AssociationInfo {
        var info = AssociationInfo(peerAddress: "192.0.2.1")
        info.callingAETitle = aeTitle
        return info
    }

    private func report(_ instances: Int = 1) -> CommitmentReport {
        CommitmentReport(eventTypeID: 1, instances: instances) { _ in [] }
    }

    /// A reporter that reaches nobody, and what it says.
    private final class Subject: Sendable {
        let lines = Mutex<[String]>([])

        func reporter() -> CommitmentReporter {
            CommitmentReporter(call: { _ in nil }, log: { [self] entry in lines.withLock { $0.append(entry.line) } })
        }

        func givenUp(_ aeTitle: String) -> Int { lines.withLock { $0.count { $0.contains("to \(aeTitle)@") } } }
    }

    @Test func `one peer's reports leave room for those of others`() {
        let subject = Subject()
        let reporter = subject.reporter()
        for _ in 0..<100 { reporter.send(report(), to: requester("A")) }
        // One may have been taken out, to be tried.
        #expect((35...36).contains(subject.givenUp("A")))
        for _ in 0..<60 { reporter.send(report(), to: requester("B")) }
        #expect(subject.givenUp("B") == 0)
    }

    @Test func `those on many instances are given up before they take much memory`() {
        let subject = Subject()
        let reporter = subject.reporter()
        for number in 0..<12 { reporter.send(report(20_000), to: requester("P\(number % 3)")) }
        let all = (0..<3).reduce(0) { $0 + subject.givenUp("P\($1)") }
        // The ones that are being tried do not count.
        #expect((0...2).contains(all))
        for _ in 0..<3 { reporter.send(report(200_000), to: requester("P4")) }
        #expect(subject.givenUp("P4") == 3)
    }
}
