import ArchiveControl
import ArgumentParser
import DICOMArchive

struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List patients, studies, series or instances.",
        discussion: """
            One line each: the identifier and where it is in the mounted tree. With --json, an array of objects with the \
            main tags by keyword.

              dicomfs list --archive ~/archive --level series --parent 6e2b8f2b27
            """)

    @OptionGroup var archive: ArchiveOption

    @Option(help: "What to list: patient, study, series or instance.")
    var level: Level = .patient

    @Option(
        help: ArgumentHelp("Only what belongs to this resource (identifier, or its first 10 digits).", valueName: "id"))
    var parent: String?

    @Flag(help: "Print one JSON array.")
    var json = false

    func run() throws {
        let access = try archive.open(command: "list")
        var isFirst = true
        try exiting { () throws(Failure) in
            try access.perform(.list(level: level, under: parent)) { event in
                guard case .resource(let resource) = event else { return }
                if json {
                    print(isFirst ? "[" : ",")
                    print(Output.json(ResourceJSON(resource: resource), isPretty: false), terminator: "")
                } else {
                    print(resource.id, resource.path)
                }
                isFirst = false
            }
        }
        if json { print(isFirst ? "[]" : "\n]") }
    }
}

extension Level: ExpressibleByArgument {
    /// Their names: what usage errors offer.
    public static var allValueStrings: [String] { allCases.map(\.name) }

    /// The level with this name.
    public init?(argument: String) {
        guard let level = Level.allCases.first(where: { $0.name == argument }) else { return nil }
        self = level
    }
}
