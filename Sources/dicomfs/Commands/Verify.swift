import ArchiveControl
import ArgumentParser
import DICOMArchive
import Foundation

struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read everything and compare it: chunks with digests, every row with every other.",
        discussion: """
            Changes nothing. Names each damage on standard error and exits with 1 if there is any: `dicomfs repair` mends \
            what can be. Images may arrive and be read meanwhile.
            """)

    @OptionGroup var archive: ArchiveOption

    @Option(help: ArgumentHelp("Look at a share only, picked at random: percent.", valueName: "percent"))
    var sample = 100.0

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard sample > 0, sample <= 100 else { throw ValidationError("--sample takes a number above 0, up to 100.") }
    }

    func run() throws {
        var scope = VerificationScope()
        scope.share = sample / 100
        let access = try archive.open(command: "verify")
        var result = Verification()
        let showsProgress = Output.isTerminal && !json
        try exiting { () throws(Failure) in
            try access.perform(.verify(scope)) { event in
                guard case .verified(let soFar, let isDone) = event else { return }
                if isDone { result = soFar }
                if showsProgress {
                    Output.progress(isDone ? "" : soFar.summary)
                }
            }
        }
        if json { print(Output.json(result)) }
        for problem in result.problems where !json { Output.complain(problem) }
        if !json {
            print(
                "verified \(result.summary):",
                result.problems.isEmpty ? "no damage" : "\(result.problems.count) damaged")
        }
        if !result.problems.isEmpty { throw ExitCode.failure }
    }
}
