import ArchiveControl
import ArgumentParser
import Glibc

struct Watch: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print what is stored and deleted, as it happens.",
        discussion: """
            Works while `dicomfs serve` runs, until Ctrl-C. One line for each patient, study, series and instance that \
            appears in the mounted tree or goes from it, when it can be read there: what happened (stored, newVersion, \
            deleted), the level, the identifier, the bytes of an instance, and the path in the mounted tree.

            With --json, one object in each line: `event`, `level`, `id`, `path`, of instances `size`, of new versions \
            `version`. The first object is {"event":"watching"}: nothing after it is missed. When the daemon ends, it is \
            waited for, and another `watching` says that events before it may be missing.

            A reader that is so slow that 20,000 events wait for it is cut off with exit code 1.
            """)

    @OptionGroup var archive: ArchiveOption

    @Option(help: "Seconds to wait for the daemon when it ends.")
    var wait = 10

    @Flag(help: "Print one JSON object for each event, in a line of its own.")
    var json = false

    func validate() throws {
        guard (0...86_400).contains(wait) else { throw ValidationError("--wait takes 0 to 86400 seconds.") }
    }

    func run() throws {
        let path = try archive.path()
        Signals.unblock()
        let client = try exiting { () throws(Failure) in try ControlClient.serving(path) }
        var isAgain = false
        while true {
            do throws(Failure) {
                try client.perform(.watch) { event in
                    if case .watching = event, isAgain {
                        Output.complain("dicomfs: \(path) is served again; events meanwhile are missing")
                    }
                    show(event)
                    // At once also into a pipe, and not in vain onto a full disk.
                    try Output.finish()
                }
            } catch {
                guard error.code == .ended else { throw ExitStatus(code: EXIT_FAILURE, message: error.description) }
            }
            try waitUntilServed(client, path)
            isAgain = true
        }
    }

    private func show(_ event: ControlEvent) {
        switch event {
        case .watching where json: print(#"{"event":"watching"}"#)
        case .changed(let change):
            if json { return print(Output.json(change, isPretty: false)) }
            let size = change.size.map { "\($0) " } ?? ""
            print("\(change.event) \(change.level) \(change.id) \(size)\(change.path)")
        default: break
        }
    }

    /// Waits for the next process that serves the archive.
    private func waitUntilServed(_ client: ControlClient, _ path: String) throws(ExitStatus) {
        for _ in 0..<wait * 10 {
            usleep(100_000)
            if client.isServed { return }
        }
        throw ExitStatus(code: EXIT_FAILURE, message: "the process that serves \(path) ended")
    }
}
