import ArgumentParser
import DICOMArchive
import Foundation

struct Repair: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Mend what verify finds, as far as that can be.",
        discussion: """
            Reads everything, as verify does. What is derived is made anew, as rebuild does. Damaged chunks are \
            removed, so that they are stored anew when the same images come again; send or import those, or restore a \
            backup. What the disk fails to give is only named: it may come back with the disk. Nothing may serve the archive meanwhile. It can be interrupted and run again.

            Prints what was mended on standard output and what is left on standard error, and exits with 1 if anything is.
            """)

    @OptionGroup var archive: ArchiveOption

    @Flag(
        help:
            "Remove also what the disk fails to give, and versions whose file is not whole: they are stored when they come again."
    )
    var discard = false

    @Flag(
        help: """
            Open the archive though the end of what was acknowledged is missing or damaged, as after a failure of the disk, \
            and give that up.
            """)
    var acceptLoss = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let archive = try archive.openAlone(command: "repair", acceptsLoss: acceptLoss)
        let showsProgress = Output.isTerminal && !json
        var result = try failing { () throws(ArchiveError) in
            try archive.repair(discards: discard) { soFar in
                if showsProgress { Output.progress(soFar.summary) }
            }
        }
        if showsProgress { Output.progress("") }
        if let note = archive.openingNote { result.mended.insert(note, at: 0) }
        if json {
            print(Output.json(result))
        } else {
            for sentence in result.mended { print(Output.printable(sentence)) }
            for problem in result.left { Output.complain(problem) }
            print("mended \(result.mended.count), left \(result.left.count)")
        }
        if !result.left.isEmpty { throw ExitCode.failure }
    }
}

extension Verification {
    /// How far it has got.
    var summary: String { "\(chunks) chunks, \(versions) versions, \(rows) rows" }
}
