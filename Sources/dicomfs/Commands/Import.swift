import ArchiveControl
import ArgumentParser
import Foundation
import Glibc

struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Store DICOM files and folders of them.",
        discussion: """
            Folders are searched recursively. What is not DICOM, or a DICOMDIR, is skipped; what is DICOM but broken is \
            refused and named with its reason. What was stored is on disk when the command ends, or when --verbose names it.

            While nobody serves the archive files are gathered, some 50 MiB of them, and are on disk together. Through a \
            process that serves each is on disk before the next of its job begins.

            Files in a zip, a 7z or a tar, compressed or not, are imported as DIR/container.zip:path/in/it without being \
            unpacked to the disk, and so is a single compressed file; a container within a container is skipped.

            The storage folder of an Orthanc is a folder of DICOM files, compressed or not; its other files are skipped.

              dicomfs import --archive ~/archive ~/some/folder /media/cdrom
              dicomfs import --archive ~/archive /var/lib/orthanc/db-v6
            """)

    @OptionGroup var archive: ArchiveOption

    @Argument(help: ArgumentHelp("Files and folders.", valueName: "path"))
    var paths: [String]

    @Flag(help: "Exit with 1 also when something was skipped.")
    var strict = false

    @Option(help: "How many files are read at a time.")
    var jobs = max(2, min(8, sysconf(Int32(_SC_NPROCESSORS_ONLN))))

    @Flag(
        name: .shortAndLong,
        help: "Print a line for each file once it is on disk: what became of it, its identifier, its path.")
    var verbose = false

    @Flag(help: "Print one JSON object with the counts and what was skipped or refused.")
    var json = false

    func validate() throws {
        guard (1...64).contains(jobs) else { throw ValidationError("--jobs takes a number from 1 to 64.") }
    }

    func run() throws {
        for path in paths where access(path, F_OK) != 0 {
            throw ExitStatus(code: EX_NOINPUT, message: "\(path): \(String(cString: strerror(errno)))")
        }
        let access = try archive.open(create: true, command: "import", storesInGroups: true)
        let work = ImportWork(paths: paths, access: access, isQuiet: json, isVerbose: verbose)
        work.run(jobs: jobs)
        let counts = work.counts
        if Output.isTerminal, !json { Output.progress("") }
        if json {
            print(Output.json(counts))
        } else {
            print(
                "stored \(counts.stored), already stored \(counts.alreadyStored), new versions \(counts.newVersions),",
                "skipped \(counts.skipped.count), refused \(counts.refused.count)")
        }
        // What was stored before it is stored.
        if let failure = work.failure { throw ExitStatus(code: EXIT_FAILURE, message: failure.description) }
        if !counts.refused.isEmpty || strict && !counts.skipped.isEmpty { throw ExitCode.failure }
    }
}
