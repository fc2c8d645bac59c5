import ArchiveControl
import ArgumentParser

struct Delete: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Delete a patient, study, series or instance with all its versions.",
        discussion: "There is no way back. The space is given back by `dicomfs gc`.")

    @OptionGroup var archive: ArchiveOption

    @Argument(help: "Its identifier, with or without dashes, or its first 10 digits as file names end with them.")
    var id: String

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let access = try archive.open(command: "delete")
        try exiting { () throws(Failure) in
            try access.perform(.delete(id: id)) { event in
                guard case .deleted(let instances) = event else { return }
                print(json ? Output.json(["deleted": instances]) : "deleted \(instances) instances")
            }
        }
    }
}
