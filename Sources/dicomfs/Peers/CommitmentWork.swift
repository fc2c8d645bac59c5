import ArchiveControl
import ArchiveSCP
import DICOM
import DICOMArchive
import DICOMNetwork
import Glibc
import Threads

/// A storage commitment that a command requests: the report on it comes over the association of the request or over one that the
/// peer asks for. That goes to the settings' address and port, where the process that serves the archive listens; this command,
/// when none does.
final class CommitmentWork {
    private let call: PeerCall
    private let deadline: ContinuousClock.Instant
    private let reports = CommitmentReports()
    private let listener: CommandListener?
    /// Whoever serves the archive gets the report, and is asked for it.
    private var server: ControlClient?

    /// A listener that cannot be had is told of, and no more.
    ///
    /// - Parameter seconds: how long the report is awaited.
    init(_ call: PeerCall, seconds: Int) {
        self.call = call
        deadline = .now + .seconds(seconds)
        if call.settings.acceptsAssociations, let path = call.settings.archive {
            let client = ControlClient(archive: path)
            if client.isServed { server = client }
        }
        do {
            listener = try server == nil ? CommandListener(call.settings, ReportProvider(reports)) : nil
        } catch {
            listener = nil
            // Most peers report over the association of the request.
            let why = (error as? ExitStatus)?.message ?? "\(error)"
            Output.complain("\(why), so a report over an association of its own is not received")
        }
    }

    /// Requests the commitment, and waits for the report.
    func request(_ references: [CommitmentIdentifier.Reference]) throws -> CommitmentIdentifier {
        defer { listener?.stop() }
        let asked = CommitmentIdentifier(transactionUID: UID.new(), references: references)
        if let server {
            _ = Thread.startIfPossible { [reports, deadline] in
                let left = Int(ContinuousClock.now.duration(to: deadline) / .milliseconds(1))
                try? server.perform(.awaitReport(transactionUID: asked.transactionUID, milliseconds: left)) { event in
                    guard case .commitmentReport(let dataSet, let syntax) = event else { return }
                    let report = CommitmentReports.Report(dataSet: dataSet, transferSyntaxUID: syntax)
                    reports.add(report, transaction: asked.transactionUID)
                }
            }
        }
        let user = try call.connect(call.association([QueryOptions.context(SOPClass.storageCommitment)]))
        let report = try call.using(user) { user in
            let answer = try user.requestCommitment { asked.encoded(as: $0) }
            guard answer.status == .success else {
                throw ExitStatus(
                    code: EXIT_FAILURE,
                    message: "\(call.name) does not commit to anything: status \(answer.status) \(answer.errorComment)")
            }
            return try awaitReport(asked.transactionUID, user)
        }
        do throws(IdentifierError) {
            return try CommitmentIdentifier(bytes: report.dataSet, transferSyntaxUID: report.transferSyntaxUID)
        } catch {
            throw ExitStatus(
                code: EXIT_FAILURE, message: "the report of \(call.name) cannot be read: \(error.comment)")
        }
    }

    /// Looks at both ways, ten times a second.
    private func awaitReport(_ transaction: String, _ user: ServiceUser) throws -> CommitmentReports.Report {
        var isOpen = true
        while ContinuousClock.now < deadline {
            if let report = reports.wait(for: transaction, milliseconds: 100) { return report }
            guard isOpen, user.hasInput else { continue }
            do throws(AssociationEnd) {
                // Perhaps on another transaction.
                _ = ReportProvider(reports).receiveReport(try user.awaitReport())
            } catch {
                user.conclude(error)
                isOpen = false
            }
        }
        throw ExitStatus(
            code: EXIT_FAILURE,
            message: "\(call.name) has not reported on the commitment in time; does it know our address?")
    }
}

/// Takes reports, and nothing else.
private struct ReportProvider: ServiceProvider {
    let reports: CommitmentReports

    init(_ reports: CommitmentReports) { self.reports = reports }

    func decide(_ association: AssociationInfo) -> AssociationDecision { .accept([.echo, .commit]) }

    func receiveReport(_ report: ReceivedReport) -> DIMSEStatus {
        do throws(IdentifierError) {
            let said = try CommitmentIdentifier(bytes: report.dataSet, transferSyntaxUID: report.transferSyntaxUID)
            reports.add(
                CommitmentReports.Report(dataSet: report.dataSet, transferSyntaxUID: report.transferSyntaxUID),
                transaction: said.transactionUID)
            return .success
        } catch {
            return error.status
        }
    }

    func beginStore(_ request: StoreRequest) -> any StoreReceiver { NoStore() }

    func perform(_ operation: DICOMNetwork.Operation) throws -> OperationResult {
        OperationResult(.sopClassNotSupported)
    }

    func requestCommitment(_ request: CommitmentRequest) -> CommitmentAnswer {
        CommitmentAnswer(StoreResponse(.sopClassNotSupported))
    }

    func commitmentReported(_ report: CommitmentReport, to association: AssociationInfo, isDelivered: Bool) {}

    func associationEnded(_ summary: AssociationSummary) {}

    private final class NoStore: StoreReceiver {
        func receive(_ bytes: RawSpan) {}
        func finish() -> StoreResponse { StoreResponse(.sopClassNotSupported) }
        func abandon() {}
    }
}
