import ArchiveControl
import ArgumentParser
import DICOMArchive
import Foundation

struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read everything and compare it: chunks with digests, every row with every other.",
        discussion: "Changes nothing. Names each damage on standard error and exits with 1 if there is any.")

    @OptionGroup var archive: ArchiveOption

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let access = try archive.open(command: "verify")
        var result = Verification()
        let showsProgress = Output.isTerminal && !json
        try exiting { () throws(Failure) in
            try access.perform(.verify) { event in
                guard case .verified(let soFar, let isDone) = event else { return }
                if isDone { result = soFar }
                if showsProgress {
                    Output.progress(
                        isDone ? "" : "\(soFar.chunks) chunks, \(soFar.versions) versions, \(soFar.rows) rows")
                }
            }
        }
        if json { print(Output.json(result)) }
        for problem in result.problems where !json { Output.complain(problem) }
        if !json {
            print(
                "verified \(result.chunks) chunks, \(result.versions) versions, \(result.rows) rows:",
                result.problems.isEmpty ? "no damage" : "\(result.problems.count) damaged")
        }
        if !result.problems.isEmpty { throw ExitCode.failure }
    }
}
