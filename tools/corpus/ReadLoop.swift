import ArgumentParser
import ContentStore
import DICOMArchive
import Glibc
import Hashing

/// The yardstick of reading through the mount: the chunks of all instances by the storage engine alone.
struct ReadLoop: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read all chunks of an archive that nobody serves, in the order of the tree, and print the time.",
        discussion: """
            One thread gets chunk after chunk from the storage engine: no FUSE, no digests. Which chunks there are is read before \
            the clock starts. Prints one JSON object with `chunks`, `bytes` and `seconds`.
            """)

    @Option(help: ArgumentHelp("The archive's folder.", valueName: "dir"))
    var archive: String

    @Flag(help: "Drop the kernel's caches before the clock starts; only root can.")
    var dropCaches = false

    func run() throws {
        let archive = try Archive(path: archive, create: false, holder: ArchiveFolder.Holder(command: "read-loop"))
        var digests: [SHA256Digest] = []
        try collect(archive, in: .root, &digests)
        if dropCaches { try drop() }
        var bytes = 0
        let begin = ContinuousClock.now
        for digest in digests { bytes += try archive.store.engine.chunk(digest).count }
        let seconds = (ContinuousClock.now - begin) / .seconds(1)
        print(#"{"chunks": \#(digests.count), "bytes": \#(bytes), "seconds": \#(seconds)}"#)
    }

    private func collect(_ archive: Archive, in directory: NodeID, _ digests: inout [SHA256Digest]) throws {
        var children: [NodeID] = []
        try archive.entries(of: directory) { node, _ in
            children.append(node)
            return true
        }
        for node in children {
            if node.kind == .dicom {
                digests += try archive.file(node)?.recipe.chunks ?? []
            } else {
                try collect(archive, in: node, &digests)
            }
        }
    }

    private func drop() throws {
        sync()
        let file = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC)
        defer { if file >= 0 { close(file) } }
        guard file >= 0, write(file, "3", 1) == 1 else {
            throw Problem("cannot drop the kernel's caches: \(String(cString: strerror(errno)))")
        }
    }
}
