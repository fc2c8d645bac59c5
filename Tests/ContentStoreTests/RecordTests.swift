import TestSupport
import Testing

@testable import ContentStore

@Suite struct RecordTests {
    /// The examples of protobuf.dev/programming-guides/encoding, and what protoc makes of the rest.
    @Test func `a record is the wire format of Protocol Buffers`() {
        var writer = RecordWriter()
        writer.number(1, UInt64(150))
        #expect(writer.bytes == [0x08, 0x96, 0x01])
        writer = RecordWriter()
        writer.string(2, "testing")
        #expect(writer.bytes == [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6E, 0x67])
        writer = RecordWriter()
        writer.record(3) { $0.number(1, 150) }
        #expect(writer.bytes == [0x1A, 0x03, 0x08, 0x96, 0x01])
        writer = RecordWriter()
        writer.fixed(4, 0x0102_0304_0506_0708)
        #expect(writer.bytes == [0x21, 8, 7, 6, 5, 4, 3, 2, 1])
        writer = RecordWriter()
        writer.number(16, UInt64.max)
        #expect(writer.bytes == [0x80, 0x01] + [UInt8](repeating: 0xFF, count: 9) + [0x01])
        writer = RecordWriter()
        writer.flag(5, true)
        #expect(writer.bytes == [0x28, 0x01])
    }

    @Test func `what is 0 or empty is left out, but for a record in a record`() {
        var writer = RecordWriter()
        writer.number(1, 0)
        writer.fixed(2, 0)
        writer.string(3, "")
        writer.bytes(4, [])
        writer.flag(5, false)
        #expect(writer.bytes == [])
        writer.record(6) { _ in }
        #expect(writer.bytes == [0x32, 0x00])
    }

    @Test func `what was written is read, in order`() throws {
        var writer = RecordWriter()
        writer.number(1, UInt64.max)
        writer.fixed(2, UInt64.max - 1)
        writer.string(3, "Größe")
        writer.bytes(3, [1, 2, 3])
        writer.number(1000, 7)
        writer.flag(4, true)
        let bytes = writer.bytes
        var reader = RecordReader(bytes.span.bytes)
        var fields: [(field: Int, number: UInt64, bytes: [UInt8])] = []
        while let field = try reader.next() { fields.append((field, reader.number, reader.array)) }
        #expect(fields.map(\.field) == [1, 2, 3, 3, 1000, 4])
        #expect(fields.map(\.number) == [.max, .max - 1, 0, 0, 7, 1])
        #expect(fields.map(\.bytes) == [[], [], Array("Größe".utf8), [1, 2, 3], [], []])
        #expect(throws: RecordError.self) { try Self.integer(bytes) }
        #expect(try Self.integer([0x08, 0x07]) == 7)
    }

    private static func integer(_ bytes: [UInt8]) throws -> Int {
        var reader = RecordReader(bytes.span.bytes)
        _ = try reader.next()
        return try reader.integer()
    }

    @Test(
        arguments: [
            [0x08], [0x08, 0x80], [0x00, 0x01], [0x0B], [0x0D, 1, 2, 3, 4], [0x12, 0x05, 1, 2, 3, 4],
            [0x09, 1, 2, 3, 4, 5, 6, 7], [0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
            [0x08] + [UInt8](repeating: 0xFF, count: 11), [0xF8, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0x01],
        ] as [[UInt8]])
    func `bytes that are no record are refused`(bytes: [UInt8]) {
        #expect(throws: RecordError.self) { try Self.readAll(bytes) }
    }

    @Test func `no bytes make a reader trap`() {
        var generator = Seeded(1)
        var errors = 0
        for _ in 0..<20_000 {
            var bytes = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            // Often something that begins well.
            if Bool.random(using: &generator) { bytes = [0x08, 0x96, 0x01, 0x12] + bytes }
            do {
                try Self.readAll(bytes)
                _ = try ChunkRow(bytes.span.bytes)
                _ = try RecordReader.onlyNumber(bytes)
                _ = try UInt64(bigEndianBytes: bytes.span.bytes, at: bytes.count - 8)
            } catch { errors += 1 }
        }
        #expect(errors > 1000)
    }

    private static func readAll(_ bytes: [UInt8]) throws {
        var reader = RecordReader(bytes.span.bytes)
        while try reader.next() != nil {
            _ = reader.string
            _ = reader.array
            _ = reader.flag
            _ = try? reader.integer()
            _ = try? reader.number32()
        }
    }

    @Test func `a version number fits a key`() throws {
        var writer = RecordWriter()
        writer.number(1, UInt64(UInt32.max))
        #expect(try Self.number32(writer.bytes) == Int(UInt32.max))
        writer = RecordWriter()
        writer.number(1, UInt64(UInt32.max) + 1)
        let bytes = writer.bytes
        #expect(throws: RecordError.self) { try Self.number32(bytes) }
    }

    private static func number32(_ bytes: [UInt8]) throws -> Int {
        var reader = RecordReader(bytes.span.bytes)
        _ = try reader.next()
        return try reader.number32()
    }

    @Test func `a row that holds one number`() throws {
        #expect(RecordWriter.onlyNumber(300) == [0x08, 0xAC, 0x02])
        #expect(try RecordReader.onlyNumber([0x08, 0xAC, 0x02]) == 300)
        #expect(throws: RecordError.self) { try RecordReader.onlyNumber([]) }
    }

    /// The Format article's ChunkRow.
    @Test func `a chunk row has the bytes of the format`() throws {
        let row = ChunkRow(
            place: .init(segment: 300, offset: 65_536), length: 262_144, checksum: 0x1234, stamp: 0x1122_3344_5566_7788)
        let bytes: [UInt8] = [
            0x10, 0x80, 0x80, 0x10, 0x19, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0x20, 0xAC, 0x02, 0x28, 0x80,
            0x80, 0x04, 0x30, 0xB4, 0x24,
        ]
        #expect(row.encoded == bytes)
        #expect(try ChunkRow(bytes.span.bytes) == row)
        // Of format 1.
        let old: [UInt8] = [0x08, 0xAC, 0x02, 0x10, 0x80, 0x80, 0x10]
        #expect(throws: RecordError.self) { try ChunkRow(old.span.bytes) }
    }
}
