import ArchiveControl
import ArgumentParser

struct Sweep: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Give back the space of deleted instances.",
        discussion: "Removes the chunks that no instance needs. Images may arrive and be read meanwhile.")

    @OptionGroup var archive: ArchiveOption

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let access = try archive.open(command: "sweep")
        try exiting { () throws(Failure) in
            try access.perform(.sweep) { event in
                guard case .swept(let chunks, let bytes) = event else { return }
                if json { return print(Output.json(["chunks": UInt64(chunks), "bytes": bytes])) }
                print("removed \(chunks) chunks, \(Output.size(bytes))")
            }
        }
    }
}
