import ArchiveControl
import ArgumentParser
import DICOMArchive

struct Stats: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Count what the archive holds.",
        discussion:
            "`bytes` counts all data sets as if nothing were shared, `chunk bytes` what is stored of their bulk.")

    @OptionGroup var archive: ArchiveOption

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let access = try archive.open(command: "stats")
        try exiting { () throws(Failure) in
            try access.perform(.statistics) { event in
                guard case .statistics(let counts) = event else { return }
                if json { return print(Output.json(counts)) }
                print("patients     \(counts.patients)")
                print("studies      \(counts.studies)")
                print("series       \(counts.series)")
                print("instances    \(counts.instances)")
                print("versions     \(counts.versions)")
                print("bytes        \(counts.bytes) (\(Output.size(counts.bytes)))")
                print("chunks       \(counts.chunks)")
                print("chunk bytes  \(counts.chunkBytes) (\(Output.size(counts.chunkBytes)))")
            }
        }
    }
}
