import ArgumentParser
import DICOMArchive
import Foundation

struct Rebuild: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make the index anew from what is stored.",
        discussion: """
            Recipes, headers and chunks are what an archive holds; directories, names, sizes, times and look-ups are \
            derived from them, and are removed and made anew. Names, times and inode numbers stay as they are where the \
            old index can be read, else the instances give them in the order in which they were received. Nothing may \
            serve the archive meanwhile. When it is interrupted, run it again.

            Names what cannot be in the index on standard error, and exits with 1 if there is any.
            """)

    @OptionGroup var archive: ArchiveOption

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let archive = try archive.openAlone(command: "rebuild")
        let showsProgress = Output.isTerminal && !json
        let result = try failing { () throws(ArchiveError) in
            try archive.rebuild { soFar in
                guard showsProgress else { return }
                Output.progress(Output.bar(soFar.versions, of: soFar.total) + "\(soFar.versions) versions")
            }
        }
        if showsProgress { Output.progress("") }
        for problem in result.problems where !json { Output.complain(problem) }
        print(json ? Output.json(result) : "indexed \(result.versions) versions")
        if !result.problems.isEmpty { throw ExitCode.failure }
    }
}
