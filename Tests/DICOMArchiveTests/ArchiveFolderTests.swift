import ContentStore
import Foundation
import Hashing
import Synchronization
import TestSupport
import Testing
import Threads

@testable import DICOMArchive

@Suite struct ArchiveFolderTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.appending("archive")
    }

    private func open(create: Bool = true, mount: String? = nil) throws -> Archive {
        try Archive(path: path, create: create, holder: .init(pid: 4711, command: "serve", mount: mount))
    }

    private func refusal(create: Bool = true) throws -> ArchiveError {
        let error = #expect(throws: ArchiveError.self) { _ = try open(create: create) }
        return try #require(error)
    }

    private func write(_ name: String, _ text: String) throws {
        try text.write(toFile: "\(path)/\(name)", atomically: true, encoding: .utf8)
    }

    @Test func `an archive is made in a folder that is missing or empty, and opened again`() throws {
        _ = try open()
        #expect(
            try String(contentsOfFile: path + "/dicomfs-archive", encoding: .utf8)
                == "dicomfs archive\nformat 2\ndefault-character-set ISO_IR 100\n")
        _ = try open(create: false)
        _ = try open(create: true)
        let empty = try folder.makeFolder("empty")
        _ = try Archive(path: empty, create: true, holder: .init(command: "import"))
    }

    @Test func `where there is none, it is not made unasked`() throws {
        let error = try refusal(create: false)
        #expect(error.code == .noArchive)
        #expect(error.description.contains(path))
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func `a folder with other things in it is refused, and left as it is`() throws {
        _ = try folder.makeFolder("archive")
        try write("holiday.jpg", "x")
        let error = try refusal()
        #expect(error.code == .unusable)
        #expect(error.description == "\(path) is neither a dicomfs archive nor empty; give an empty or new folder")
        #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["holiday.jpg"])
    }

    @Test func `a file, and a folder in a folder that is missing, are refused with the reason`() throws {
        let file = try folder.write("file", [1])
        for path in [file, folder.appending("missing/archive")] {
            let error = #expect(throws: ArchiveError.self) {
                _ = try Archive(path: path, create: true, holder: .init(command: "import"))
            }
            #expect(error?.code == .unusable)
            #expect(error?.description.contains(path) == true)
        }
    }

    @Test(arguments: ["3", "17", "x"])
    func `an archive of a format that is not known is refused`(format: String) throws {
        _ = try open()
        try write("dicomfs-archive", "dicomfs archive\nformat \(format)\ndefault-character-set ISO_IR 100\n")
        let error = try refusal()
        #expect(error.code == .unusable)
        #expect(
            error.description
                == "the archive \(path) has format \(format), this dicomfs uses format 2; use a newer dicomfs")
    }

    @Test(arguments: ["1", "1-to-2"])
    func `an archive of format 1, or on its way from there, is refused with what to do`(format: String) throws {
        _ = try open()
        try write("dicomfs-archive", "dicomfs archive\nformat \(format)\ndefault-character-set ISO_IR 100\n")
        #expect(
            try refusal().description
                == "the archive \(path) has format \(format), this dicomfs uses format 2; run dicomfs upgrade")
    }

    @Test(arguments: ["", "something else\n", "dicomfs archive\nformat 2\n"])
    func `a format file that is damaged is named`(text: String) throws {
        _ = try open()
        try write("dicomfs-archive", text)
        let error = try refusal()
        #expect(error.code == .unusable)
        #expect(error.description.contains("\(path)/dicomfs-archive is damaged"))
    }

    @Test func `an archive in use is refused with the pid and mount of its user`() throws {
        let archive = try open(mount: "/mnt/images")
        let error = try refusal()
        #expect(error.code == .inUse)
        #expect(error.description == "the archive \(path) is in use by dicomfs serve, pid 4711, mounted at /mnt/images")
        #expect(ArchiveFolder.holder(of: path)?.pid == 4711)
        withExtendedLifetime(archive) {}
    }

    @Test func `an archive is free when its user is gone, whatever the lock file says`() throws {
        _ = try open(mount: "/mnt/images")
        #expect(FileManager.default.fileExists(atPath: path + "/lock"))
        #expect(ArchiveFolder.holder(of: path) == nil)
        _ = try open()
    }

    @Test func `a creation that was interrupted is done again`() throws {
        _ = try open()
        try FileManager.default.moveItem(atPath: path + "/dicomfs-archive", toPath: path + "/dicomfs-archive.new")
        let archive = try open()
        try archive.receive(Sample().bytes, head: .newest)
        #expect(FileManager.default.fileExists(atPath: path + "/dicomfs-archive"))
        #expect(!FileManager.default.fileExists(atPath: path + "/dicomfs-archive.new"))
    }

    @Test(arguments: [true, false])
    func `an archive whose database is gone is refused, not begun anew`(onlyCurrent: Bool) throws {
        try open().receive(Sample().bytes, head: .newest)
        try FileManager.default.removeItem(atPath: onlyCurrent ? path + "/db/CURRENT" : path + "/db")
        #expect(try refusal().code == .unusable)
        #expect(!FileManager.default.fileExists(atPath: path + "/db/CURRENT"))
    }

    @Test func `whoever gets the lock finds the database closed`() throws {
        let path = path
        for round in 0..<20 {
            var archive: Archive? = try open()
            // Something to be written at the end.
            for number in UInt64(0)..<200 {
                let bytes = (UInt64(round) << 32 | number).bigEndianBytes
                try archive?.store.engine.put(bytes.span.bytes, digest: SHA256.hash(bytes), generation: 1)
            }
            let begun = Gate()
            let ended = Gate()
            let failure = Mutex<ArchiveError?>(nil)
            Thread.start {
                begun.open()
                while true {
                    do throws(ArchiveError) {
                        _ = try Archive(path: path, create: false, holder: .init(command: "test"))
                    } catch {
                        if error.code == .inUse { continue }
                        failure.withLock { $0 = error }
                    }
                    break
                }
                ended.open()
            }
            begun.wait()
            archive = nil
            ended.wait()
            #expect(failure.withLock { $0 } == nil)
        }
    }

    @Test func `a database without its format file is refused`() throws {
        _ = try open()
        try FileManager.default.removeItem(atPath: path + "/dicomfs-archive")
        #expect(try refusal().code == .unusable)
    }

    @Test func `a database with a damaged log is refused with what to do`() throws {
        do {
            let archive = try open()
            for number in 0..<10 { try archive.receive(Sample(instance: "1.5.\(number)").bytes, head: .newest) }
        }
        let log = try #require(
            try FileManager.default.contentsOfDirectory(atPath: path + "/db").filter { $0.hasSuffix(".log") }.max())
        let url = URL(fileURLWithPath: "\(path)/db/\(log)")
        var bytes = try Data(contentsOf: url)
        bytes[bytes.count / 2] ^= 0xFF
        try bytes.write(to: url)
        let error = try refusal()
        #expect(error.code == .damaged)
        #expect(error.description.hasPrefix("the database \(path)/db is damaged"))
        #expect(error.description.contains("; restore it from a backup, or give up what is lost: dicomfs repair"))
    }
}
