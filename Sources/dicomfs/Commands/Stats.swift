import ArchiveControl
import ArgumentParser
import DICOMArchive

struct Stats: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Count what the archive holds.",
        discussion: """
            `bytes` counts all data sets as if nothing were shared, `chunk bytes` what is stored of their bulk.

            With --live, what the process that serves the archive has done since it started: requests of the mount \
            that were not answered by the kernel from its cache (by operation; answers that were errors by errno), \
            bytes and directory entries given to the kernel, notifications sent to it; files, images and chunks that \
            were at hand (hits) or had to be read or made (misses), bytes of chunks and number of header and recipe \
            rows read from the database, images rendered and their milliseconds; bytes read from disk, memory now and \
            at most.
            """)

    @OptionGroup var archive: ArchiveOption

    @Flag(help: "Count what the process that serves the archive has done.")
    var live = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        if live { return try showLive() }
        let access = try archive.open(command: "stats")
        try exiting { () throws(Failure) in
            try access.perform(.statistics) { event in
                guard case .statistics(let counts) = event else { return }
                if json { return print(Output.json(counts)) }
                print("patients     \(counts.patients)")
                print("studies      \(counts.studies)")
                print("series       \(counts.series)")
                print("instances    \(counts.instances)")
                print("versions     \(counts.versions)")
                print("bytes        \(counts.bytes) (\(Output.size(counts.bytes)))")
                print("chunks       \(counts.chunks)")
                print("chunk bytes  \(counts.chunkBytes) (\(Output.size(counts.chunkBytes)))")
            }
        }
    }

    private func showLive() throws {
        let path = try archive.path()
        Signals.unblock()
        try exiting { () throws(Failure) in
            try ControlClient.serving(path).perform(.live) { event in
                guard case .live(let statistics) = event else { return }
                if json { return print(Output.json(statistics)) }
                for (name, value) in statistics.lines { print(name.padding(to: 24), value) }
            }
        }
    }
}

extension LiveStatistics {
    /// Each number with its name.
    fileprivate var lines: [(String, String)] {
        var lines: [(String, Any)] = []
        if let mount {
            lines += [
                ("lookup", mount.lookup), ("getattr", mount.getattr), ("readdir", mount.readdir),
                ("readdirplus", mount.readdirplus), ("read", mount.read), ("open refused", mount.openRefused),
                ("statfs", mount.statfs), ("forget", mount.forget),
            ]
            lines += mount.errors.sorted { $0.key < $1.key }.map { ("error \($0.key)", $0.value) }
            lines += [
                ("bytes delivered", Self.bytes(UInt64(mount.bytesDelivered))), ("entries listed", mount.entriesListed),
                ("notifications", mount.notifications),
            ]
        }
        for (name, cache) in [("files", archive.files), ("images", archive.images), ("chunks", archive.chunks)] {
            lines.append((name, "\(cache.hits) hits, \(cache.misses) misses"))
        }
        lines += [
            ("chunk bytes read", Self.bytes(archive.chunkBytesRead)), ("header rows read", archive.headerRowsRead),
            ("recipe rows read", archive.recipeRowsRead),
            ("renders", "\(archive.renders) in \(archive.renderMilliseconds.rounded()) ms"),
            ("bytes read from disk", Self.bytes(process.diskBytesRead)),
            ("memory", "\(Output.size(process.memory)), at most \(Output.size(process.peakMemory))"),
        ]
        return lines.map { ($0, "\($1)") }
    }

    private static func bytes(_ count: UInt64) -> String { "\(count) (\(Output.size(count)))" }
}

extension String {
    /// With spaces behind it.
    fileprivate func padding(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
