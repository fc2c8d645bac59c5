import Foundation
import Hashing
import RocksDB
import TestSupport
import Testing

@testable import DICOMArchive

/// What becomes of an archive of format 1 in which not all can be read.
@Suite struct UpgradeTests {
    @Test func `what cannot be read keeps an archive from being opened, until it is given up`() throws {
        let test = try ArchiveUnderTest()
        let outcome = try test.store(Sample().bytes)
        let chunk = try #require(try test.archive.file(test.node(outcome))?.recipe.chunks.first)
        try test.reopen { path in
            try damageRow(of: chunk, path + "/db")
            try write("1", path)
            for _ in 0..<2 {
                let upgraded = try upgrade(path, acceptsLoss: false)
                #expect(upgraded?.problems == ["chunk \(chunk) cannot be read: its row is damaged"])
                #expect(upgraded?.isComplete == false)
                let error = #expect(throws: ArchiveError.self) {
                    _ = try Archive(path: path, create: false, holder: .init(command: "test"))
                }
                #expect(error?.description.contains("has format 1-to-2") == true)
                #expect(error?.description.hasSuffix("run dicomfs upgrade") == true)
            }
            #expect(try upgrade(path, acceptsLoss: true)?.isComplete == true)
            #expect(try upgrade(path, acceptsLoss: false) == nil)
        }
        #expect(try test.problems().contains { $0.contains("chunk \(chunk) is missing") })
    }

    private func upgrade(_ path: String, acceptsLoss: Bool) throws -> Upgrading? {
        try ArchiveFolder.upgrade(path, holder: .init(command: "upgrade"), acceptsLoss: acceptsLoss) { _ in }
    }

    private func damageRow(of chunk: SHA256Digest, _ path: String) throws {
        let families = ["chunk", "header", "recipe", "index"].map { ColumnFamilyOptions(name: $0) }
        let database = try Database.open(path: path, families: families, options: DatabaseOptions())
        var batch = WriteBatch()
        let damaged: [UInt8] = [1, 2, 3]
        batch.put(chunk.bytes, damaged.span.bytes, in: try database.family("chunk"))
        try database.write(batch, .synced)
    }

    private func write(_ format: String, _ path: String) throws {
        let text = "dicomfs archive\nformat \(format)\ndefault-character-set ISO_IR 100\n"
        try text.write(toFile: path + "/dicomfs-archive", atomically: true, encoding: .utf8)
    }
}
