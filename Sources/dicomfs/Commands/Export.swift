import ArchiveControl
import ArgumentParser
import Foundation
import Glibc

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

    @Flag(help: "Overwrite files.")
    var force = false

    @Flag(help: "Print one JSON object with the files written.")
    var json = false

    func run() throws {
        let access = try archive.open(command: "export")
        var files: [ExportFile] = []
        try exiting { () throws(Failure) in
            try access.perform(.files(id: id)) { event in
                if case .file(let file) = event { files.append(file) }
            }
        }
        for (number, file) in files.enumerated() {
            if Output.isTerminal, !json { Output.progress("\(number)/\(files.count) files") }
            try write(file, from: access)
        }
        if Output.isTerminal, !json { Output.progress("") }
        if json { return print(Output.json(["files": files.map { "\(destination)/\($0.path)" }])) }
        print("exported \(files.count) files to \(destination)")
    }

    /// Writes one file under a temporary name and renames it: never half a file under its name.
    private func write(_ file: ExportFile, from access: ArchiveAccess) throws {
        let path = "\(destination)/\(file.path)"
        let folder = (path as NSString).deletingLastPathComponent
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw ExitStatus(code: EXIT_FAILURE, message: "cannot make the folder \(folder): \(error.localizedDescription)")
        }
        guard force || !isThere(path) else {
            throw ExitStatus(code: EXIT_FAILURE, message: "\(path) is there already; --force overwrites it")
        }
        let temporary = "\(folder)/.dicomfs-\(getpid()).part"
        let output = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard output >= 0 else {
            throw ExitStatus(code: EXIT_FAILURE, message: "cannot write \(path): \(String(cString: strerror(errno)))")
        }
        do {
            defer { close(output) }
            try exiting { () throws(Failure) in
                try access.perform(.write(node: file.node, name: path), file: output)
            }
            let seconds = Int(file.modified / 1_000_000_000)
            let rest = Int(file.modified % 1_000_000_000)
            var times = [timespec(tv_sec: seconds, tv_nsec: rest), timespec(tv_sec: seconds, tv_nsec: rest)]
            futimens(output, &times)
        } catch {
            unlink(temporary)
            throw error
        }
        guard rename(temporary, path) == 0 else {
            throw ExitStatus(code: EXIT_FAILURE, message: "cannot write \(path): \(String(cString: strerror(errno)))")
        }
    }
}

private func isThere(_ path: String) -> Bool { access(path, F_OK) == 0 }
