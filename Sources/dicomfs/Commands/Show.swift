import ArchiveControl
import ArgumentParser

struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the main tags of one patient, study, series or instance.")

    @OptionGroup var archive: ArchiveOption

    @Argument(help: "Its identifier, with or without dashes, or its first 10 digits as file names end with them.")
    var id: String

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let access = try archive.open(command: "show")
        try exiting { () throws(Failure) in
            try access.perform(.show(id: id)) { event in
                guard case .resource(let resource) = event else { return }
                if json {
                    print(Output.json(ResourceJSON(resource: resource)))
                } else {
                    write(resource)
                }
            }
        }
    }

    private func write(_ resource: ResourceDescription) {
        var lines = [(resource.level, resource.id), ("path", resource.path)]
        if let parent = resource.parent { lines.append(("parent", parent)) }
        lines += resource.tags.map { ($0.keyword, $0.value) }
        if let file = resource.file {
            lines += [
                ("size", "\(file.size) bytes"), ("transfer syntax", file.transferSyntax),
                ("versions", "\(file.versions)"), ("received from", file.receivedFrom),
                ("data set digest", file.dataSetDigest),
            ]
        }
        let width = lines.map(\.0.count).max() ?? 0
        for (name, value) in lines {
            print(name + String(repeating: " ", count: width - name.count), Output.printable(value), separator: "  ")
        }
    }
}
