import ArchiveControl
import ArgumentParser
import DICOM
import DICOMNetwork
import Glibc
import SystemPackage

struct Send: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Send instances to a peer: C-STORE.",
        discussion: """
            Files and folders, or what is in the archive by its identifier: a patient, study, series or instance. What the \
            peer does not take as it is stored in the archive is transcoded; files are sent as they are.

              dicomfs send pacs ~/some/folder
              dicomfs send --archive ~/archive --commit pacs 6e2b8f2b27

            With --commit the peer is asked afterwards whether it keeps them (storage commitment), and its report is awaited, \
            over the same association or at our address: by the process that serves the archive, or by this command.

            Exit codes: 0 all sent, and committed to; 69 no association; 1 anything else.
            """)

    @OptionGroup var options: PeerOptions

    @Argument(help: ArgumentHelp("Files, folders, and identifiers.", valueName: "what"))
    var items: [String]

    @Flag(help: "Ask for storage commitment when all is sent.")
    var commit = false

    @Option(help: ArgumentHelp("How long the report on a commitment is awaited.", valueName: "seconds"))
    var commitTimeout = 60

    @Flag(name: .shortAndLong, help: "Print a line for each instance: what the peer answered, its UID.")
    var verbose = false

    @Flag(help: "Print one JSON object with the counts and what failed.")
    var json = false

    func validate() throws {
        guard !items.isEmpty else { throw ValidationError("Missing expected argument '<what> ...'") }
        guard (1...86_400).contains(commitTimeout) else { throw ValidationError("--commit-timeout takes 1 to 86400.") }
    }

    func run() throws {
        let call = try options.call()
        // Who writes an instance to the pipe that we read it from may find it closed.
        Signals.ignorePipe()
        var work = SendWork(call, isVerbose: verbose, isQuiet: json)
        try work.add(items)
        try work.send()
        if let unavailable = work.unavailable, work.counts.sent == 0 { throw unavailable }
        // What was sent is told whatever becomes of the commitment.
        let committed = Result { if commit { try work.commit(seconds: commitTimeout) } }
        if json { print(Output.json(work.counts)) } else { print(work.counts.line) }
        try committed.get()
        if let unavailable = work.unavailable { throw unavailable }
        guard work.counts.isComplete else { throw ExitCode.failure }
    }
}
