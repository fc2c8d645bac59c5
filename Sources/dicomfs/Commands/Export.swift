import ArchiveControl
import ArgumentParser
import Foundation
import Glibc
import SystemPackage

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

    /// Writes one file under a temporary name and renames it: never half a file under its name.
    private func write(_ file: ExportFile, from access: ArchiveAccess) throws {
        let path = "\(destination)/\(file.path)"
        let folder = (path as NSString).deletingLastPathComponent
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw ExitStatus(
                code: EXIT_FAILURE, message: "cannot make the folder \(folder): \(error.localizedDescription)")
        }
        guard force || !isThere(path) else {
            throw ExitStatus(code: EXIT_FAILURE, message: "\(path) is there already; --force overwrites it")
        }
        let temporary = "\(folder)/.dicomfs-\(getpid()).part"
        // Left by an export that was interrupted, or put there for us to follow.
        unlink(temporary)
        do {
            let output = try FileDescriptor.open(
                temporary, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: [.ownerReadWrite, .groupReadWrite, .otherReadWrite])
            try output.closeAfter {
                try exiting { () throws(Failure) in
                    try access.perform(.write(node: file.node, name: path), file: output.rawValue)
                }
                let time = timespec(
                    tv_sec: Int(file.modified / 1_000_000_000), tv_nsec: Int(file.modified % 1_000_000_000))
                var times = [time, time]
                futimens(output.rawValue, &times)
            }
            guard rename(temporary, path) == 0 else { throw Errno(rawValue: errno) }
        } catch {
            unlink(temporary)
            guard let errno = error as? Errno else { throw error }
            throw ExitStatus(code: EXIT_FAILURE, message: "cannot write \(path): \(errno)")
        }
    }
}

private func isThere(_ path: String) -> Bool { access(path, F_OK) == 0 }
