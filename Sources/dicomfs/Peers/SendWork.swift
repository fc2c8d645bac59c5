import ArchiveControl
import ArchiveSCP
import DICOM
import DICOMNetwork
import Glibc
import SystemPackage

/// The work of `send`: what is sent, and what became of it.
struct SendWork {
    /// What became of the instances.
    struct Counts: Encodable {
        var sent = 0
        /// Sent, and answered with a warning.
        var warnings: [String] = []
        /// A sentence for each.
        var failed: [String] = []
        var skipped: [String] = []
        /// How many the peer keeps, and a sentence for each that it does not; nil when it was not asked.
        var committed: Int?
        var notCommitted: [String] = []

        /// Whether all was sent, and something was.
        var isComplete: Bool { failed.isEmpty && notCommitted.isEmpty && sent > 0 }

        var line: String {
            var line = "sent \(sent)"
            if !warnings.isEmpty { line += ", \(warnings.count) with a warning" }
            line += ", failed \(failed.count), skipped \(skipped.count)"
            if let committed { line += ", committed \(committed), not committed \(notCommitted.count)" }
            return line
        }
    }

    private(set) var counts = Counts()
    /// Why there was no association, when there was none in the end.
    private(set) var unavailable: ExitStatus?
    private let call: PeerCall
    private let isVerbose: Bool
    private let isQuiet: Bool
    private var instances: [any OutgoingInstance] = []
    private var access: ArchiveAccess?
    private var delivered: [CommitmentIdentifier.Reference] = []
    private var shown = ContinuousClock.now

    init(_ call: PeerCall, isVerbose: Bool, isQuiet: Bool) {
        self.call = call
        self.isVerbose = isVerbose
        self.isQuiet = isQuiet
    }

    /// Adds paths, and what identifiers name.
    mutating func add(_ items: [String]) throws {
        let paths = items.filter { Glibc.access($0, F_OK) == 0 }
        for item in items where !paths.contains(item) {
            guard !item.contains("/") else {
                throw ExitStatus(code: EX_NOINPUT, message: "\(item): \(String(cString: strerror(ENOENT)))")
            }
            let access = try opened()
            try exiting { () throws(Failure) in
                try access.perform(.files(id: item, allVersions: false)) { event in
                    if case .file(let file) = event { instances.append(ArchivedInstance(access: access, file: file)) }
                }
            }
        }
        let walk = FileWalk(paths)
        while let found = walk.next() {
            switch found {
            case .file(let path):
                do {
                    if let file = try OutgoingFile(path.string) {
                        instances.append(file)
                    } else {
                        skip("\(path): no DICOM file with a head")
                    }
                } catch {
                    fail("\(error)")
                }
            case .special(let path): skip("\(path): not a regular file")
            case .unreadable(let path, let reason): fail("\(path): the folder cannot be read: \(reason)")
            }
        }
    }

    private mutating func opened() throws -> ArchiveAccess {
        if let access { return access }
        let path = try call.settings.archivePath()
        let new = try exiting { () throws(Failure) in try ArchiveAccess.open(path, create: false, command: "send") }
        access = new
        return new
    }

    /// Sends them all, over as few associations as it takes.
    mutating func send() throws {
        let user = StoreUser(call.association([]), retries: call.retries, log: call.note)
        user.prepare(Set(instances.map { StoreUser.Kind($0.sopClassUID, $0.transferSyntaxUID) }))
        defer { user.close() }
        for (place, instance) in instances.enumerated() {
            do throws(AssociationFailure) { take(try user.send(instance), of: instance) } catch {
                unavailable = call.unavailable(error)
                for rest in instances[place...] { counts.failed.append("\(rest.sopInstanceUID): not sent") }
                break
            }
            showProgress()
        }
        if Output.isTerminal, !isQuiet { Output.progress("") }
    }

    private mutating func take(_ outcome: StoreOutcome, of instance: some OutgoingInstance) {
        let uid = instance.sopInstanceUID
        switch outcome {
        case .answered(let status, _) where status == .success || status.isWarning:
            counts.sent += 1
            delivered.append(
                CommitmentIdentifier.Reference(sopClassUID: instance.sopClassUID, sopInstanceUID: uid))
            if status.isWarning { counts.warnings.append("\(uid): \(outcome)") }
            if isVerbose { Output.line(Output.printable("\(status) \(uid)")) }
        default: fail("\(uid): \(outcome)")
        }
    }

    /// Asks whether the peer keeps what it was sent (PS3.4 annex J).
    mutating func commit(seconds: Int) throws {
        guard !delivered.isEmpty else { return }
        let work = CommitmentWork(call, seconds: seconds)
        let said = try work.request(delivered)
        let kept = Set(said.references)
        let reasons = Dictionary(said.failures.map { ($0.reference, $0.reason) }) { first, _ in first }
        counts.committed = delivered.count { kept.contains($0) }
        for reference in delivered where !kept.contains(reference) {
            let reason = reasons[reference].map { "failure reason \(DIMSEStatus(rawValue: $0))" } ?? "not in its report"
            counts.notCommitted.append("\(reference.sopInstanceUID): \(reason)")
        }
        for sentence in counts.notCommitted { say("not committed \(sentence)") }
    }

    private mutating func skip(_ sentence: String) {
        counts.skipped.append(sentence)
        say("skipped \(sentence)")
    }

    private mutating func fail(_ sentence: String) {
        counts.failed.append(sentence)
        say("failed \(sentence)")
    }

    private func say(_ line: String) {
        guard !isQuiet else { return }
        if Output.isTerminal { Output.progress("") }
        Output.complain(line)
    }

    /// Ten times a second at most, and only on a terminal.
    private mutating func showProgress() {
        guard Output.isTerminal, !isQuiet, shown.duration(to: .now) > .milliseconds(100) else { return }
        shown = .now
        let done = counts.sent + counts.failed.count
        Output.progress(Output.bar(done, of: instances.count) + "\(done) of \(instances.count) instances")
    }
}
