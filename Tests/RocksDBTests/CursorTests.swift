import RocksDB
import TestSupport
import Testing

@Suite struct CursorTests {
    let scratch: Scratch
    let database: Database

    init() throws {
        scratch = try Scratch()
        database = try scratch.open()
        for key in [[9], [1], [1, 0], [1, 255], [2], [255, 255]] as [[UInt8]] { try database.put(key, key) }
    }

    @Test func `a cursor goes in the order of bytes`() throws {
        #expect(try database.keys(from: [], upTo: nil) == [[1], [1, 0], [1, 255], [2], [9], [255, 255]])
    }

    @Test func `the lower bound is in the range, the upper is not`() throws {
        #expect(try database.keys(from: [1, 0], upTo: [2]) == [[1, 0], [1, 255]])
        #expect(try database.keys(from: [3], upTo: [9]) == [])
        #expect(try database.keys(from: [9], upTo: [9]) == [])
        #expect(try database.keys(from: [1, 1], upTo: nil) == [[1, 255], [2], [9], [255, 255]])
    }

    @Test func `a cursor sees the state it was made on`() throws {
        var cursor = database.cursor(in: try database.family("plain"), from: [2], upTo: nil)
        try database.put([3], [3])
        try database.delete([9])
        var keys: [[UInt8]] = []
        while try cursor.isValid() {
            keys.append(cursor.key.withUnsafeBytes { Array($0) })
            cursor.next()
        }
        #expect(keys == [[2], [9], [255, 255]])
    }
}
