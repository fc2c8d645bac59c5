import ContentStore
import DICOM
import Foundation
import Glibc
import Hashing
import TestSupport
import Testing

@testable import DICOMArchive

/// What a power loss leaves: the log and the bytes of chunks as far as they were synced, and of the rest some pages and not
/// others.
@Suite struct PowerLossTests {
    private let folder: TemporaryFolder
    private let path: String
    private let archive: Archive
    private let stored: [IngestOutcome]
    /// Bytes of the log that end with the last commit.
    private let acknowledged: Int
    /// Bytes of the log that are synced.
    private let synced: Int
    /// Bytes of chunks that are.
    private let syncedChunks: Int

    init() throws {
        folder = try TemporaryFolder()
        path = folder.appending("archive")
        archive = try Archive(path: path, create: true, holder: .init(command: "test"))
        stored = try (0..<6).map { [archive] in try archive.receive(Self.sample($0).bytes, head: .newest) }
        acknowledged = try Self.log(path).size
        try Self.storeRows(archive, generation: 1)
        synced = try Self.log(path).size
        try Self.storeRows(archive, generation: 2)
        syncedChunks = try Self.segment(path).size
        // Its bytes are there, but neither rows nor a commit: nobody was told that it is stored.
        _ = try archive.begin(Self.sample(99))
    }

    private static func sample(_ number: Int) -> Sample {
        // 60,000 bytes of header, which go into the log, and 128,000 of pixels, which do not.
        Sample(instance: "1.5.\(number)", frames: 1000, filler: (60_000, UInt8(number)))
    }

    /// Puts as many chunks as may wait for a commit: their rows go into the log. Once more, their stamps do, unsynced.
    private static func storeRows(_ archive: Archive, generation: UInt64) throws {
        for number in UInt64(0)..<4096 {
            let bytes = number.bigEndianBytes
            try archive.store.engine.put(bytes.span.bytes, digest: SHA256.hash(bytes), generation: generation)
        }
    }

    private static func segment(_ archive: String) throws -> (path: String, size: Int) {
        let name = try #require(try FileManager.default.contentsOfDirectory(atPath: archive + "/db.chunks").max())
        let path = "\(archive)/db.chunks/\(name)"
        return (path, try Data(contentsOf: URL(fileURLWithPath: path)).count)
    }

    private static func log(_ archive: String) throws -> (path: String, size: Int) {
        let names = try FileManager.default.contentsOfDirectory(atPath: archive + "/db")
        let name = try #require(names.filter { $0.hasSuffix(".log") }.max())
        let path = "\(archive)/db/\(name)"
        return (path, try Data(contentsOf: URL(fileURLWithPath: path)).count)
    }

    /// The archive as the disk has it at this moment, with something done to its log.
    private func crash(_ change: (inout Data) -> Void) throws -> String {
        let copy = folder.appending("crashed-\(UUID())")
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        try? FileManager.default.removeItem(atPath: copy + "/lock")
        let url = URL(fileURLWithPath: try Self.log(copy).path)
        var bytes = try Data(contentsOf: url)
        change(&bytes)
        try bytes.write(to: url)
        return copy
    }

    private func open(_ path: String) throws -> Archive {
        try Archive(path: path, create: false, holder: .init(command: "test"))
    }

    private func check(_ archive: Archive, _ stored: [IngestOutcome]) throws {
        #expect(try archive.verify { _ in }.problems == [])
        #expect(try archive.statistics().instances == stored.count)
        for outcome in stored {
            let file = try #require(try archive.file(archive.resource(named: outcome.instance.hex40).node))
            var count = 0
            try file.read(0..<file.size, from: archive.store) { count += $0.byteCount }
            #expect(count == file.size)
        }
    }

    /// Places of a lost page behind the synced end: the first whole one, the start of a block of the log, within a chunk.
    @Test(arguments: [0, 4, 8, 11, 15, 30])
    func `a hole in what was never synced loses nothing that was acknowledged`(page: Int) throws {
        let first = (synced + 4095) / 4096 * 4096 + page * 4096
        let crashed = try crash { log in
            #expect(log.count > first + 8192)
            log.replaceSubrange(first..<first + 4096, with: Data(count: 4096))
        }
        do {
            let archive = try open(crashed)
            #expect(archive.openingNote?.contains("\(crashed)/db") == true)
            try check(archive, stored)
            // What was dropped comes again.
            let more = try [99, 100].map { try archive.receive(Self.sample($0).bytes, head: .newest) }
            try check(archive, stored + more)
        }
        let archive = try open(crashed)
        #expect(archive.openingNote == nil)
        #expect(try archive.verify { _ in }.problems == [])
        #expect(try archive.statistics().instances == stored.count + 2)
    }

    @Test(arguments: ["cut off", "zeros", "a page of zeros"])
    func `bytes that were never synced lose nothing that was acknowledged`(end: String) throws {
        let crashed = try crash { _ in }
        let segment = try Self.segment(crashed)
        #expect(segment.size > syncedChunks + 3 * 4096)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: segment.path))
        switch end {
        case "cut off": bytes.removeLast(segment.size - syncedChunks)
        case "zeros": bytes.replaceSubrange(syncedChunks..., with: Data(count: segment.size - syncedChunks))
        default: bytes.replaceSubrange(syncedChunks + 4096..<syncedChunks + 8192, with: Data(count: 4096))
        }
        try bytes.write(to: URL(fileURLWithPath: segment.path))
        let archive = try open(crashed)
        #expect(archive.openingNote == nil)
        try check(archive, stored)
        // What was dropped comes again.
        let more = try archive.receive(Self.sample(99).bytes, head: .newest)
        try check(archive, stored + [more])
        #expect(try archive.sweep().chunks == 4096)
        try check(archive, stored + [more])
    }

    @Test func `a log whose unsynced end has its length and none of its bytes is cut there`() throws {
        let crashed = try crash { log in
            log.replaceSubrange(synced..<log.count, with: Data(count: log.count - synced))
        }
        try check(try open(crashed), stored)
    }

    @Test(arguments: [1, 2, 5])
    func `a hole in what was acknowledged is refused, and nothing is changed`(part: Int) throws {
        let first = acknowledged * part / 6 / 4096 * 4096
        let crashed = try crash { $0.replaceSubrange(first..<first + 4096, with: Data(count: 4096)) }
        let before = try Self.log(crashed)
        for _ in 0..<2 {
            let error = #expect(throws: ArchiveError.self) { _ = try open(crashed) }
            #expect(error?.code == .damaged)
            #expect(error?.description.hasPrefix("the database \(crashed)/db is damaged") == true)
            #expect(
                error?.description.contains("; restore it from a backup, or give up what is lost: dicomfs repair")
                    == true)
        }
        let after = try Self.log(crashed)
        #expect(after == before)
    }

    @Test(arguments: [1, 2, 5], [false, true])
    func `what comes after damage is given up on request, and what comes before is whole`(
        part: Int, losesMark: Bool
    ) throws {
        let first = acknowledged * part / 6 / 4096 * 4096
        let crashed = try crash { $0.replaceSubrange(first..<first + 4096, with: Data(count: 4096)) }
        if losesMark { unlink(crashed + "/db.synced") }
        var left = 0
        do {
            let archive = try Archive(mending: crashed, holder: .init(command: "test"), acceptsLoss: true)
            let note = try #require(archive.openingNote)
            #expect(note.contains("\(crashed)/db"))
            left = try archive.statistics().instances
            #expect(left < stored.count)
            #expect(note.contains(losesMark ? "ends before commit \(left + 1);" : "lacks commits \(left + 1) to 6,"))
        }
        let archive = try open(crashed)
        #expect(archive.openingNote == nil)
        try check(archive, Array(stored[..<left]))
    }

    @Test func `a log that ends before what was acknowledged is refused with what to do`() throws {
        let crashed = try crash { $0.removeLast($0.count - acknowledged + 100) }
        for _ in 0..<2 {
            let error = #expect(throws: ArchiveError.self) { _ = try open(crashed) }
            #expect(
                error?.description
                    == "the database \(crashed)/db ends with commit 5, but commit 6 was acknowledged; restore it from a"
                    + " backup, or give up what is lost: dicomfs repair --accept-loss")
        }
        unlink(crashed + "/db.synced")
        try check(try open(crashed), stored.dropLast())
    }

    @Test(arguments: [nil, [], [UInt8](repeating: 0, count: 16), [UInt8](repeating: 1, count: 9)] as [[UInt8]?])
    func `without a mark that can be read, a hole is refused, and a torn end is not`(mark: [UInt8]?) throws {
        func loseMark(_ crashed: String) throws {
            unlink(crashed + "/db.synced")
            if let mark { try Data(mark).write(to: URL(fileURLWithPath: crashed + "/db.synced")) }
        }
        let hole = (synced + 4095) / 4096 * 4096
        let holed = try crash { $0.replaceSubrange(hole..<hole + 4096, with: Data(count: 4096)) }
        try loseMark(holed)
        let error = #expect(throws: ArchiveError.self) { _ = try open(holed) }
        #expect(
            error?.description.contains("; restore it from a backup, or give up what is lost: dicomfs repair") == true)
        let torn = try crash { $0.removeLast(1000) }
        try loseMark(torn)
        try check(try open(torn), stored)
    }

    @Test func `a new archive that lost power while its first instance came is empty`() throws {
        let path = folder.appending("new")
        let archive = try Archive(path: path, create: true, holder: .init(command: "test"))
        _ = try archive.begin(Self.sample(1))
        for generation in UInt64(1)...2 { try Self.storeRows(archive, generation: generation) }
        let copy = folder.appending("new-crashed")
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        let url = URL(fileURLWithPath: try Self.log(copy).path)
        var bytes = try Data(contentsOf: url)
        bytes.replaceSubrange(4096..<8192, with: Data(count: 4096))
        try bytes.write(to: url)
        let crashed = try open(copy)
        try check(crashed, [])
        let first = try crashed.receive(Self.sample(1).bytes, head: .newest)
        try check(crashed, [first])
    }

    @Test func `the mark is the number of commits, in the format's bytes`() throws {
        let mark = try Data(contentsOf: URL(fileURLWithPath: path + "/db.synced"))
        #expect(Array(mark) == [0, 0, 0, 0, 0, 0, 0, 6] + [255, 255, 255, 255, 255, 255, 255, 249])
    }
}

extension Archive {
    /// An instance whose chunks are stored, and that is not committed.
    fileprivate func begin(_ sample: Sample) throws -> PreparedIngest {
        let ingest = beginInstance(
            head: .newest, transferSyntaxUID: explicitLittleEndian,
            sender: Sender(kind: .store, callingAETitle: "CT1", host: "10.0.0.1"))
        try ingest.receive(sample.bytes.span.bytes)
        return try ingest.prepare()
    }
}
