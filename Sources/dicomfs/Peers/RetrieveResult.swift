import ArgumentParser
import DICOMNetwork
import Glibc

/// How a C-MOVE or C-GET ended, for people and scripts.
struct RetrieveResult: Encodable {
    /// Four hexadecimal digits.
    var status: String
    var comment: String
    var completed: Int
    var failed: Int
    var warning: Int
    var remaining: Int
    /// What the archive did not take: a sentence for each.
    var refused: [String]

    init(_ call: PeerCall, _ last: OperationResult, refused: [String] = []) {
        status = last.status.description
        comment = last.errorComment
        completed = last.counts?.completed ?? 0
        failed = last.counts?.failed ?? 0
        warning = last.counts?.warning ?? 0
        remaining = last.counts?.remaining ?? 0
        self.refused = refused
        name = call.name
    }

    private let name: String

    private enum CodingKeys: CodingKey {
        case status, comment, completed, failed, warning, remaining, refused
    }

    /// Prints it, and ends the program with a failure when it was none of success.
    func tell(json: Bool) throws {
        if json {
            print(Output.json(self))
        } else {
            if Output.isTerminal { Output.progress("") }
            for sentence in refused { Output.complain("refused \(sentence)") }
            print("fetched \(completed + warning), failed \(failed)")
            if status != "0000" {
                Output.complain("\(name) answers with status \(status)\(comment.isEmpty ? "" : ": \(comment)")")
            }
        }
        guard status == "0000", failed == 0, refused.isEmpty else { throw ExitCode.failure }
    }
}

/// How far a C-MOVE or C-GET is: on a terminal only, ten times a second at most.
final class RetrieveProgress {
    private let isShown: Bool
    private var shown = ContinuousClock.now

    init(isQuiet: Bool) { isShown = Output.isTerminal && !isQuiet }

    func show(_ counts: SuboperationCounts?) {
        guard isShown, let counts, shown.duration(to: .now) > .milliseconds(100) else { return }
        shown = .now
        let done = counts.completed + counts.failed + counts.warning
        Output.progress(Output.bar(done, of: counts.total) + "\(done) of \(counts.total) instances")
    }
}
