import ArchiveControl
import ArgumentParser
import DICOMArchive
import DICOMNetwork
import Glibc

struct Get: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Fetch from a peer into the archive, over one association: C-GET.",
        discussion: """
            Each instance is on disk when the peer hears that it arrived. The peer is asked first, by C-FIND, what the \
            instances are stored in, so that they come as they are; one that does not tell chooses for itself. Not all peers \
            have C-GET: see dicomfs move.

              dicomfs get --archive ~/archive pacs StudyInstanceUID=1.2.840.113619.2.1
              dicomfs get --archive ~/archive pacs --level patient PatientID=4711

            Exit codes: 0 all fetched; 69 no association; 1 anything else.
            """)

    @OptionGroup var options: PeerOptions
    @OptionGroup var query: QueryOptions

    @Option(
        help: ArgumentHelp(
            "A transfer syntax that is preferred to the uncompressed ones, by its UID; the peer is not asked first.",
            valueName: "uid"))
    var syntax: [String] = []

    @Flag(help: "Print one JSON object with the counts.")
    var json = false

    func run() throws {
        let call = try options.call()
        let path = try call.settings.archivePath()
        let (level, identifier) = query.identifier()
        let uid = QueryOptions.sopClass(.get, level)
        let contexts =
            try syntax.isEmpty ? GetContexts(asking: call, level, identifier) : GetContexts(preferring: syntax)
        var wanted = call.association([QueryOptions.context(uid)] + contexts.contexts)
        wanted.providedClasses = contexts.classes
        let progress = RetrieveProgress(isQuiet: json)
        let (last, refused) = try call.using(call.connect(wanted)) { user in
            let access = try exiting { () throws(Failure) in
                try ArchiveAccess.open(path, create: true, command: "get")
            }
            let store = ArchiveStore(access)
            let context = user.contexts.first { $0.abstractSyntax == uid }
            let request = ServiceUser.Query(
                sopClassUID: uid, identifier: identifier.encoded(as: context?.transferSyntax ?? ""))
            let last = try user.perform(.get, request, into: store) { result in
                progress.show(result.counts)
                return true
            }
            return (last, store.counts.refused)
        }
        try RetrieveResult(call, last, refused: refused).tell(json: json)
    }
}
