import Foundation
import RocksDB
import TestSupport
import Testing

@Suite struct DatabaseTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test func `a database that is missing is made only when asked for`() throws {
        let error = #expect(throws: RocksDBError.self) { _ = try scratch.open(create: false) }
        #expect(error?.code == .invalid)
        #expect(error?.description.contains(scratch.path) == true)
        _ = try scratch.open(create: true)
        _ = try scratch.open(create: false)
    }

    @Test func `a database is open once at a time, and free again when its last user goes`() throws {
        do {
            let first = try scratch.open()
            try first.put([1], [1])
            #expect(throws: RocksDBError.self) { _ = try scratch.open() }
        }
        #expect(try scratch.open().value([1]) == [1])
    }

    @Test func `a family that was not opened is named`() throws {
        let error = #expect(throws: RocksDBError.self) { _ = try scratch.open().family("other") }
        #expect(error?.description.contains("other") == true)
    }

    @Test func `what is put is got until it is deleted`() throws {
        let database = try scratch.open()
        #expect(try database.value([1]) == nil)
        try database.put([1], [10, 20])
        #expect(try database.value([1]) == [10, 20])
        try database.put([1], [])
        #expect(try database.value([1]) == [])
        try database.delete([1])
        #expect(try database.value([1]) == nil)
        try database.delete([1])
    }

    @Test func `a batch does nothing until it is written, then all in order`() throws {
        let database = try scratch.open()
        let plain = try database.family("plain")
        let other = try database.family("second")
        try database.put([3], [3])
        var batch = WriteBatch()
        batch.put([1], [1], plain)
        batch.put([1], [2], plain)
        batch.put([2], [7], other)
        batch.remove([3], plain)
        #expect(batch.count == 4)
        #expect(try database.value([1]) == nil)
        #expect(try database.value([3]) == [3])
        try database.write(batch, .synced)
        #expect(try database.value([1]) == [2])
        #expect(try database.value([2], in: "second") == [7])
        #expect(try database.value([3]) == nil)
    }

    @Test func `rows survive a reopen, flushed or not`() throws {
        let big = noise(100_000, seed: 1)
        do {
            let database = try scratch.open()
            try database.put([1], big, in: "second")
            try database.put([1], [1])
            try database.flush()
            try database.put([2], big.reversed(), in: "second", synced: true)
        }
        #expect(try scratch.files("sst").count >= 1)
        let database = try scratch.open(create: false)
        #expect(try database.value([1], in: "second") == big)
        #expect(try database.value([2], in: "second") == big.reversed())
        #expect(try database.value([1]) == [1])
    }

    @Test func `a pinned value outlives its row, its files and the last other user of the database`() throws {
        let big = noise(50_000, seed: 2)
        var database: Database? = try scratch.open()
        let fromOther = try pinned(&database, "second", big)
        let fromTable = try pinned(&database, "plain", big)
        database = nil
        #expect(fromOther.bytes.withUnsafeBytes { $0.elementsEqual(big) })
        #expect(fromTable.bytes.withUnsafeBytes { $0.elementsEqual(big) })
    }

    /// A flushed value, got and then deleted with all traces.
    private func pinned(_ database: inout Database?, _ name: String, _ value: [UInt8]) throws -> PinnedValue {
        let database = try #require(database)
        let family = try database.family(name)
        try database.put([1], value, in: name)
        try database.flush()
        guard let pinned = try database.get([UInt8](arrayLiteral: 1).span.bytes, in: family) else {
            throw RocksDBError(operation: "get", status: "nothing")
        }
        try database.delete([1], in: name)
        database.compact(family, from: [0], through: [9])
        #expect(try database.value([1], in: name) == nil)
        return pinned
    }

    @Test func `a property that RocksDB does not know is nil`() throws {
        let database = try scratch.open()
        try database.put([1], [1])
        #expect(try database.property("rocksdb.estimate-num-keys", of: database.family("plain")) == 1)
        #expect(try database.property("rocksdb.no-such-thing", of: database.family("plain")) == nil)
    }

    @Test func `compacting gives the space of deleted rows back and keeps the others`() throws {
        let database = try scratch.open()
        func bytes() throws -> Int {
            try scratch.files("sst").reduce(0) { try $0 + Data(contentsOf: URL(fileURLWithPath: $1)).count }
        }
        for number in UInt8(0)..<64 { try database.put([number], noise(64 << 10, seed: UInt64(number)), in: "second") }
        try database.flush()
        let before = try bytes()
        for number in UInt8(0)..<48 { try database.delete([number], in: "second") }
        try database.flush()
        database.compact(try database.family("second"), from: [0], through: [63])
        let after = try bytes()
        #expect(after < before / 3, "\(before) -> \(after)")
        for number in UInt8(48)..<64 {
            #expect(try database.value([number], in: "second") == noise(64 << 10, seed: UInt64(number)))
        }
    }
}

extension WriteBatch {
    mutating func put(_ key: [UInt8], _ value: [UInt8], _ family: ColumnFamily) {
        put(key.span.bytes, value.span.bytes, in: family)
    }

    mutating func remove(_ key: [UInt8], _ family: ColumnFamily) { delete(key.span.bytes, in: family) }
}
