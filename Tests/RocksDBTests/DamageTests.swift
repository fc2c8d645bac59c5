import Foundation
import RocksDB
import TestSupport
import Testing

@Suite struct DamageTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Ten synced rows of 4 KiB that are in the write-ahead log only; the log's path.
    private func writeLog() throws -> String {
        let database = try scratch.open()
        for number in UInt8(0)..<10 { try database.put([number], noise(4096, seed: UInt64(number)), synced: true) }
        return try #require(scratch.files("log").last)
    }

    private func change(_ path: String, _ body: (inout Data) -> Void) throws {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        body(&bytes)
        try bytes.write(to: URL(fileURLWithPath: path))
    }

    @Test func `a torn end of the log is what a crash leaves, and is dropped`() throws {
        let log = try writeLog()
        try change(log) { $0.removeLast(1000) }
        let database = try scratch.open(create: false)
        for number in UInt8(0)..<9 { #expect(try database.value([number]) == noise(4096, seed: UInt64(number))) }
        #expect(try database.value([9]) == nil)
    }

    @Test func `damage in the middle of the log refuses the open`() throws {
        let log = try writeLog()
        try change(log) { $0[$0.count / 2] ^= 0xFF }
        let error = #expect(throws: RocksDBError.self) { _ = try scratch.open(create: false) }
        #expect(error?.code == .corruption)
        #expect(error?.description.contains(scratch.path) == true)
        // And again: a refused open drops nothing.
        #expect(throws: RocksDBError.self) { _ = try scratch.open(create: false) }
    }

    @Test func `a look at a damaged log ends at the damage, sees the tables, and writes nothing`() throws {
        let big = noise(20_000, seed: 1)
        do {
            let database = try scratch.open()
            try database.put([1], big, in: "second")
            try database.flush()
        }
        let log = try writeLog()
        try change(log) { $0[$0.count / 2] ^= 0xFF }
        let before = try scratch.contents()
        do {
            let database = try scratch.open(create: false) { ($0.isReadOnly, $0.logRecovery) = (true, .pointInTime) }
            #expect(try database.value([1], in: "second") == big)
            #expect(try database.value([3]) == noise(4096, seed: 3))
            #expect(try database.value([5]) == nil)
            #expect(try database.value([9]) == nil)
            #expect(throws: RocksDBError.self) { try database.put([20], [1]) }
        }
        #expect(try scratch.contents() == before)
    }

    @Test func `a database opened up to the damage is whole from then on`() throws {
        let log = try writeLog()
        try change(log) { $0[$0.count / 2] ^= 0xFF }
        do {
            let database = try scratch.open(create: false) { $0.logRecovery = .pointInTime }
            try database.put([20], [1], synced: true)
        }
        let database = try scratch.open(create: false)
        #expect(try database.value([3]) == noise(4096, seed: 3))
        #expect(try database.value([9]) == nil)
        #expect(try database.value([20]) == [1])
    }

    @Test func `a damaged table is an error, not other bytes`() throws {
        do {
            let database = try scratch.open()
            try database.put([1], noise(20_000, seed: 1), in: "second")
            try database.put([2], noise(20_000, seed: 2), in: "second")
            try database.flush()
        }
        try change(try #require(scratch.files("sst").first)) { $0[10_000] ^= 1 }
        let database = try scratch.open(create: false)
        let error = #expect(throws: RocksDBError.self) { _ = try database.value([1], in: "second") }
        #expect(error?.code == .corruption)
        #expect(try database.value([2], in: "second") == noise(20_000, seed: 2))
    }

    @Test func `a database without its CURRENT file is refused, not begun anew`() throws {
        _ = try writeLog()
        try FileManager.default.removeItem(atPath: scratch.path + "/CURRENT")
        #expect(throws: RocksDBError.self) { _ = try scratch.open(create: false) }
    }

    @Test(arguments: [
        ("Corruption: checksum mismatch", RocksDBError.Code.corruption),
        ("IO error: No space left on device: While appending to file", .noSpace),
        ("IO error: Disk quota exceeded: While appending to file", .noSpace),
        ("IO error: Input/output error", .io),
        ("Invalid argument: x: does not exist (create_if_missing is false)", .invalid),
        ("Result incomplete: something", .other),
    ])
    func `a status of RocksDB has a code`(status: String, code: RocksDBError.Code) {
        let error = RocksDBError(operation: "read the row", status: status)
        #expect(error.code == code)
        #expect(error.description == "cannot read the row: \(status)")
    }
}
