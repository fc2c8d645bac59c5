/// Reads a field-tagged record field by field, as ``RecordWriter`` wrote it.
///
/// Stored rows can be damaged: every length is checked, and a record that is not one throws ``RecordError``.
package struct RecordReader: ~Escapable {
    private let bytes: RawSpan
    private var position = 0

    /// Reads the record in these bytes.
    @_lifetime(copy bytes)
    package init(_ bytes: RawSpan) { self.bytes = bytes }

    /// Moves to the next field and returns its number; nil at the end. ``number`` or ``value`` then hold its value.
    @_lifetime(self: copy self)
    package mutating func next() throws(RecordError) -> Int? {
        guard position < bytes.byteCount else { return nil }
        let tag = try varint()
        guard tag >> 3 > 0, tag >> 3 < 1 << 29 else { throw RecordError() }
        switch tag & 7 {
        case 0:
            number = try varint()
            range = 0..<0
        case 1:
            guard bytes.byteCount - position >= 8 else { throw RecordError() }
            number = UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self))
            range = 0..<0
            position += 8
        case 2:
            let length = try varint()
            guard length <= UInt64(bytes.byteCount - position) else { throw RecordError() }
            range = position..<position + Int(length)
            number = 0
            position += Int(length)
        default:
            throw RecordError()
        }
        return Int(tag >> 3)
    }

    /// The current field's number; 0 when it is length-delimited.
    package private(set) var number: UInt64 = 0
    private var range = 0..<0

    /// The current field's bytes; empty when it is a number.
    package var value: RawSpan {
        @_lifetime(copy self)
        get { bytes.extracting(range) }
    }

    /// The current field's bytes, copied.
    package var array: [UInt8] { value.withUnsafeBytes { Array($0) } }

    /// The current field as a number that fits an `Int`.
    package func integer() throws(RecordError) -> Int {
        guard let integer = Int(exactly: number) else { throw RecordError() }
        return integer
    }

    /// The current field as numbers, as ``RecordWriter/numbers(_:_:)`` wrote them.
    package func numbers() throws(RecordError) -> [UInt32] {
        var reader = RecordReader(value)
        var numbers: [UInt32] = []
        while reader.position < reader.bytes.byteCount {
            guard let number = UInt32(exactly: try reader.varint()) else { throw RecordError() }
            numbers.append(number)
        }
        return numbers
    }

    /// The current field as a version number: one that a key has room for.
    package func number32() throws(RecordError) -> Int {
        guard let number = UInt32(exactly: number) else { throw RecordError() }
        return Int(number)
    }

    /// The current field as text; bytes that are not UTF-8 become U+FFFD.
    package var string: String { value.withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }

    /// The number in a row that holds nothing but one, as ``RecordWriter/onlyNumber(_:)`` wrote it.
    package static func onlyNumber(_ bytes: [UInt8]) throws(RecordError) -> UInt64 {
        var reader = RecordReader(bytes.span.bytes)
        guard try reader.next() == 1 else { throw RecordError() }
        return reader.number
    }

    /// The current field's truth value.
    package var flag: Bool { number != 0 }

    @_lifetime(self: copy self)
    private mutating func varint() throws(RecordError) -> UInt64 {
        var result: UInt64 = 0
        var shift: UInt64 = 0
        while position < bytes.byteCount, shift < 64 {
            let byte = bytes.unsafeLoad(fromByteOffset: position, as: UInt8.self)
            position += 1
            result |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return result }
            shift += 7
        }
        throw RecordError()
    }
}

/// A stored record that is not one: damaged, or not written by ``RecordWriter``.
package struct RecordError: Error, Sendable, CustomStringConvertible {
    /// The error.
    package init() {}

    package var description: String { "a stored record is damaged" }
}
