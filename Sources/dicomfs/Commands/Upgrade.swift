import ArchiveControl
import ArgumentParser
import DICOMArchive

struct Upgrade: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring an archive that an older dicomfs made to the format of this one.",
        discussion: """
            Nothing may serve the archive meanwhile. The bytes of all images are written once more, so as much space must be \
            free as the archive takes; an older dicomfs cannot open it afterwards: back it up before. When it is \
            interrupted, run it again. On an archive that has the format already, it does nothing.

            Names what cannot be read on standard error, and exits with 1 if there is any: the archive is then not opened by \
            any release until that is given up.
            """)

    @OptionGroup var archive: ArchiveOption

    @Flag(help: "Give up what cannot be read; dicomfs verify then names the images.")
    var acceptLoss = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let path = try archive.path()
        Signals.unblock()
        let showsProgress = Output.isTerminal && !json
        let done = try exiting { () throws(Failure) in
            do throws(ArchiveError) {
                let holder = ArchiveFolder.Holder(command: "upgrade")
                return try ArchiveFolder.upgrade(path, holder: holder, acceptsLoss: acceptLoss) { soFar in
                    guard showsProgress else { return }
                    Output.progress(Output.bar(soFar.chunks, of: soFar.total) + "\(soFar.chunks) chunks")
                }
            } catch {
                throw Failure(error)
            }
        }
        if showsProgress { Output.progress("") }
        let format = ArchiveFolder.currentFormat
        guard let done else {
            print(json ? Output.json(["format": Int(format)]) : "\(path) has format \(format) already")
            return
        }
        for problem in done.problems where !json { Output.complain(problem) }
        if json {
            print(Output.json(done))
        } else if done.isComplete {
            print("moved \(done.chunks) chunks, \(path) has format \(format)")
        } else {
            Output.complain(
                "restore \(path) from a backup, or give up what cannot be read: dicomfs upgrade --accept-loss")
        }
        if !done.problems.isEmpty { throw ExitCode.failure }
    }
}
