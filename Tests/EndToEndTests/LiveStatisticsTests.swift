import Foundation
import TestSupport
import Testing

/// `stats --live`: what reached the daemon, of what programs did with the mount.
struct LiveStatisticsTests {
    @Test func `counters tell what the kernel asked for and what it knew by itself`() throws {
        let served = try ServedArchive()
        let folder = try TemporaryFolder()
        _ = try served.storescu(try Study.make(in: folder.appending("study"), images: 20, size: 64, noise: true))
        // Nothing cached on either side.
        #expect(served.stop() == 0)
        try served.start()

        let start = try live(served)
        #expect(start.mount.openRefused + start.mount.read + start.mount.entriesListed == 0)
        let listing = try Program.run("ls", ["-lR", served.mount])
        #expect(listing.status == 0)
        let listed = try live(served)
        #expect(listed.mount.readdirplus >= 4)
        #expect(listed.mount.readdir == 0)
        #expect(listed.mount.lookup == 0)
        // 20 instances with their images, three directories, and `.` and `..` of four.
        #expect(listed.mount.entriesListed == 51)
        #expect(listed.mount.openRefused == 1)
        #expect(listed.archive.chunkBytesRead == 0)
        #expect(listed.archive.recipeRowsRead == 0)
        #expect(listed.archive.renders == 0)
        #expect(try Program.run("ls", ["-lR", served.mount]).output == listing.output)
        #expect(try live(served).requests == listed.requests)

        let files = try served.files(".dcm")
        let sizes = try files.reduce(0) { try $0 + served.read($1).count }
        let read = try live(served)
        #expect(read.mount.read == 20)
        #expect(read.mount.bytesDelivered == sizes)
        #expect(read.archive.chunkBytesRead == 20 * 64 * 64 * 2)
        #expect(read.archive.chunks.misses == 20)
        #expect(read.archive.headerRowsRead == 20)
        #expect(read.archive.files.misses == 20)
        for file in files { _ = try served.read(file) }
        #expect(try live(served).requests == read.requests)

        for image in try served.files(".png") { _ = try served.read(image) }
        let rendered = try live(served)
        #expect(rendered.archive.renders == 20)
        #expect(rendered.archive.images.misses == 20)
        #expect(rendered.archive.renderMilliseconds > 0)
        #expect(rendered.process.memory <= rendered.process.peakMemory)
        #expect(rendered.process.pid == served.worker)
    }

    @Test func `errors are counted by their names, notifications when something changed`() throws {
        let served = try ServedArchive()
        let folder = try TemporaryFolder()
        #expect(try Program.run("stat", ["\(served.mount)/nothing"]).status == 1)
        #expect(try Program.run("ls", [served.mount]).output == "")
        let before = try live(served)
        #expect(before.mount.errors["ENOENT"] == 1)
        #expect(before.mount.lookup == 1)
        _ = try served.storescu(try Study.make(in: folder.appending("study"), images: 1))
        #expect(try live(served).mount.notifications > before.mount.notifications)
        let text = try DicomFS.run("stats", "--live", "--archive", served.archive)
        #expect(text.status == 0)
        #expect(text.output.contains("error ENOENT             1\n"))
    }

    private func live(_ served: ServedArchive) throws -> Live {
        try DicomFS.json(Live.self, "stats", "--live", "--archive", served.archive)
    }
}

/// What `stats --live --json` prints.
private struct Live: Decodable {
    struct Mount: Decodable {
        var lookup, getattr, readdir, readdirplus, read, openRefused, statfs, forget: Int
        var bytesDelivered, entriesListed, notifications: Int
        var errors: [String: Int]
    }

    struct Archive: Decodable {
        struct Cache: Decodable { var hits, misses: Int }

        var files, images, chunks: Cache
        var chunkBytesRead, recipeRowsRead, headerRowsRead, renders: Int
        var renderMilliseconds: Double
    }

    struct Process: Decodable {
        var pid: Int32
        var diskBytesRead, memory, peakMemory: Int
    }

    var mount: Mount
    var archive: Archive
    var process: Process

    /// What reached the daemon: each by its kind.
    var requests: [Int] {
        [mount.lookup, mount.getattr, mount.readdir, mount.readdirplus, mount.read, mount.openRefused]
    }
}
