import ArchiveControl
import ArchiveSCP
import ArgumentParser
import DICOMArchive
import DICOMNetwork
import Glibc
import Threads

struct Move: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Have a peer send to us, or to another: C-MOVE.",
        discussion: """
            The peer sends to an AE title that it knows the address of. Unless --to names another, that is ours: what comes \
            is stored in the archive, by the process that serves it; when none does, by this command, which listens at the \
            settings' address and port meanwhile.

              dicomfs move --archive ~/archive pacs StudyInstanceUID=1.2.840.113619.2.1
              dicomfs move pacs --to WORKSTATION --level patient PatientID=4711

            Exit codes: 0 all sent; 69 no association; 1 anything else.
            """)

    @OptionGroup var options: PeerOptions
    @OptionGroup var query: QueryOptions

    @Option(help: ArgumentHelp("The AE title that is sent to. Default: ours.", valueName: "aet"))
    var to: String?

    @Flag(help: "Print one JSON object with the counts.")
    var json = false

    func validate() throws {
        guard to.map({ Peer.isAETitle($0) }) ?? true else {
            throw ValidationError("--to takes 1 to 16 ASCII characters without backslash.")
        }
    }

    func run() throws {
        let call = try options.call()
        let ours = options.aet ?? call.settings.aeTitle
        let (level, identifier) = query.identifier()
        let uid = QueryOptions.sopClass(.move, level)
        let progress = RetrieveProgress(isQuiet: json)
        let last = try call.using(call.connect(call.association([QueryOptions.context(uid)]))) { user in
            let listener = to == nil || to == ours ? try Self.listener(call.settings, aeTitle: ours) : nil
            defer { listener?.stop() }
            let request = ServiceUser.Query(
                sopClassUID: uid, identifier: identifier.encoded(as: user.contexts.first?.transferSyntax ?? ""),
                moveDestination: to ?? ours)
            return try user.perform(.move, request) { result in
                progress.show(result.counts)
                return true
            }
        }
        try RetrieveResult(call, last).tell(json: json)
    }

    /// Takes what a peer moves to us, when no process serves the archive: whoever serves it listens.
    private static func listener(_ settings: Settings, aeTitle: String) throws -> CommandListener? {
        let path = try settings.archivePath()
        let access = try exiting { () throws(Failure) in
            try ArchiveAccess.open(path, create: true, command: "move")
        }
        guard case .inPlace(let archive) = access else { return nil }
        let peers = try configuring { () throws(SettingsError) in Peers(settings.table(aeTitle: aeTitle)) }
        let provider = ArchiveProvider(archive, peers: peers) { entry in
            if entry.isProblem { Output.complain(entry.line) }
        }
        return try CommandListener(settings, aeTitle: aeTitle, provider)
    }
}
