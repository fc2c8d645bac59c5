import ArchiveControl
import ArgumentParser

struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write the files of a patient, study, series or instance to a folder.",
        discussion: """
            The files get the names they have in the mounted tree, from the resource's own folder on. A file that is \
            there already is not overwritten: that is an error, unless --force is given.
            """)

    @OptionGroup var archive: ArchiveOption

    @Argument(help: "Its identifier, with or without dashes, or its first 10 digits as file names end with them.")
    var id: String

    @Argument(help: ArgumentHelp("The folder to write to; made when missing.", valueName: "dest"))
    var destination: String

    @Flag(help: "Write all versions: those after the first as NAME.v2.dcm and so on.")
    var versions = false

    @Flag(help: "Overwrite files.")
    var force = false

    @Flag(help: "Print one JSON object with the files written.")
    var json = false

    func run() throws {
        let access = try archive.open(command: "export")
        var files: [ExportFile] = []
        try exiting { () throws(Failure) in
            try access.perform(.files(id: id, allVersions: versions)) { event in
                if case .file(let file) = event { files.append(file) }
            }
        }
        for (number, file) in files.enumerated() {
            if Output.isTerminal, !json {
                Output.progress(Output.bar(number, of: files.count) + "\(number)/\(files.count) files")
            }
            try write(file, from: access)
        }
        if Output.isTerminal, !json { Output.progress("") }
        if json { return print(Output.json(["files": files.map { "\(destination)/\($0.path)" }])) }
        print("exported \(files.count) files to \(destination)")
    }

    private func write(_ file: ExportFile, from access: ArchiveAccess) throws {
        let path = "\(destination)/\(file.path)"
        try NewFile.write(path, force: force) { descriptor in
            try exiting { () throws(Failure) in
                try access.perform(.write(node: file.node, name: path), file: descriptor)
            }
            file.setTime(of: descriptor)
        }
    }
}
