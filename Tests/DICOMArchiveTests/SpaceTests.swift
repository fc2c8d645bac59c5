import ContentStore
import DICOM
import Foundation
import Glibc
import Hashing
import TestSupport
import Testing

@testable import DICOMArchive

/// Whether a small file system can be mounted, to be filled.
private let canMount = geteuid() == 0

@Suite(.enabled(if: canMount, "needs root, to mount a small tmpfs and fill it")) struct SpaceTests {
    private let folder: TemporaryFolder
    private let place: SmallFileSystem
    private let archive: Archive

    init() throws {
        folder = try TemporaryFolder()
        place = try SmallFileSystem(folder.makeFolder("mount"))
        archive = try Archive(path: place.path + "/archive", create: true, holder: .init(command: "test"))
    }

    /// About a megabyte that is like no other.
    private func store(_ number: Int) throws -> IngestOutcome {
        var sample = Sample(instance: "1.5.\(number)").bytes
        var value = [UInt8](repeating: 0, count: 1 << 20)
        for chunk in 0..<4 {
            value[chunk << 18] = UInt8(number & 0xFF)
            value[chunk << 18 + 1] = UInt8(number >> 8)
            value[chunk << 18 + 2] = UInt8(chunk)
        }
        var filler = DataSetBuilder()
        filler.element(DICOM.Tag(0x0029, 0x1010), .ob, value)
        sample.insert(contentsOf: filler.bytes, at: 0)
        return try archive.receive(sample, head: .newest)
    }

    /// Stores until there is no space; what was stored.
    private func fill() throws -> [IngestOutcome] {
        var stored: [IngestOutcome] = []
        for number in 0..<200 {
            do throws(any Error) { stored.append(try store(number)) } catch {
                let error = try #require(error as? ArchiveError)
                #expect(error.code == .noSpace, "\(error)")
                return stored
            }
        }
        Issue.record("200 MiB fit into 64 MiB")
        return stored
    }

    private func check(_ stored: [IngestOutcome]) throws {
        #expect(try archive.verify { _ in }.problems == [])
        #expect(try archive.statistics().instances == stored.count)
        for outcome in stored {
            let file = try #require(try archive.file(archive.resource(named: outcome.instance.hex40).node))
            var count = 0
            try file.read(0..<file.size, from: archive.store) { count += $0.byteCount }
            #expect(count == file.size)
        }
    }

    @Test func `a full disk stores nothing half, serves what is there, and goes on when there is space`() throws {
        try place.takeSpace(20 << 20)
        let stored = try fill()
        #expect(stored.count > 5)
        try check(stored)
        #expect(throws: ArchiveError.self) { try store(900) }
        place.giveSpaceBack()
        let more = try (901..<910).map { try store($0) }
        try check(stored + more)
    }

    @Test func `a disk that others filled to the brim is no harm`() throws {
        let stored = try (0..<5).map { try store($0) }
        try place.takeSpace(.max)
        let error = #expect(throws: ArchiveError.self) { _ = try store(900) }
        #expect(error?.code == .noSpace)
        #expect(error?.description.contains("free") == true)
        try check(stored)
        place.giveSpaceBack()
        let more = [try store(901)]
        try check(stored + more)
    }

    @Test func `a full disk has room for what a flush still has to write`() throws {
        let stored = try fill()
        #expect(stored.count > 15)
        _ = try archive.delete(archive.resource(named: stored[0].instance.hex40))
        // A sweep that removes something flushes all that is left.
        #expect(try archive.sweep().chunks > 0)
        let more = try store(901)
        try check(stored.dropFirst() + [more])
    }

    @Test func `deleting and sweeping make room on a full disk`() throws {
        let stored = try fill()
        for outcome in stored { _ = try archive.delete(archive.resource(named: outcome.instance.hex40)) }
        _ = try archive.sweep()
        let more = try (901..<906).map { try store($0) }
        try check(more)
    }
}

/// A tmpfs of 64 MiB, unmounted when this is dropped.
private final class SmallFileSystem {
    let path: String
    private var ballast: String { path + "/ballast" }

    init(_ path: String) throws {
        self.path = path
        guard mount("tmpfs", path, "tmpfs", 0, "size=64m") == 0 else { throw POSIXError(.EPERM) }
    }

    deinit { umount2(path, Int32(MNT_DETACH)) }

    /// Fills so many bytes, or all there is.
    func takeSpace(_ bytes: Int) throws {
        // A program that another test starts meanwhile must not keep it.
        let file = open(ballast, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw POSIXError(.EIO) }
        defer { close(file) }
        let block = [UInt8](repeating: 1, count: 1 << 16)
        var taken = 0
        while taken < bytes {
            let count = write(file, block, block.count)
            if count <= 0 { break }
            taken += count
        }
    }

    func giveSpaceBack() { unlink(ballast) }
}
