import ArchiveControl
import ArgumentParser

struct GC: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Give back the space of deleted instances.",
        discussion: """
            Removes the chunks that no instance needs; images may arrive and be read meanwhile. Nothing is moved, and no \
            image is read: the file system is told to give their blocks back (ext4, xfs, btrfs and tmpfs can do that; \
            elsewhere space comes back by whole files of 256 MiB). A kill loses nothing; run it again. Not while a \
            backup is made.
            """)

    @OptionGroup var archive: ArchiveOption

    @Flag(help: "Print one JSON object.")
    var json = false

    private struct Collected: Encodable {
        var chunks: Int
        var bytes: UInt64
        var bytesFreed: UInt64
        var bytesHeld: UInt64
    }

    func run() throws {
        let access = try archive.open(command: "gc")
        try exiting { () throws(Failure) in
            try access.perform(.sweep) { event in
                guard case .swept(let chunks, let bytes, let freed, let held) = event else { return }
                if json {
                    let all = Collected(chunks: chunks, bytes: bytes, bytesFreed: freed, bytesHeld: held)
                    return print(Output.json(all))
                }
                print(
                    "removed \(chunks) chunks of \(Output.size(bytes)): \(Output.size(freed)) freed,",
                    "\(Output.size(held)) still held")
            }
        }
    }
}
