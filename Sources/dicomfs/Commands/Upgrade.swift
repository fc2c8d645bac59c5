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

            Names what could not be read on standard error, and exits with 1 if there is any.
            """)

    @OptionGroup var archive: ArchiveOption

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let path = try archive.path()
        Signals.unblock()
        let showsProgress = Output.isTerminal && !json
        let done = try exiting { () throws(Failure) in
            do throws(ArchiveError) {
                return try ArchiveFolder.upgrade(path, holder: ArchiveFolder.Holder(command: "upgrade")) { soFar in
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
            print(json ? Output.json(["format": format]) : "\(path) has format \(format) already")
            return
        }
        for problem in done.problems where !json { Output.complain(problem) }
        print(json ? Output.json(done) : "moved \(done.chunks) chunks, \(path) has format \(format)")
        if !done.problems.isEmpty { throw ExitCode.failure }
    }
}
