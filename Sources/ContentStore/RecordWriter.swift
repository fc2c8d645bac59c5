/// Writes a field-tagged record: the wire format of Protocol Buffers (varint, 64-bit and length-delimited fields).
///
/// Fields with the value 0 or empty are left out. Source: protobuf.dev/programming-guides/encoding.
package struct RecordWriter: Sendable {
    /// The record so far.
    package private(set) var bytes: [UInt8] = []

    /// An empty record.
    package init() {}

    /// A number as a varint.
    package mutating func number(_ field: Int, _ value: UInt64) {
        guard value != 0 else { return }
        varint(UInt64(field) << 3)
        varint(value)
    }

    /// A number as a varint.
    package mutating func number(_ field: Int, _ value: Int) { number(field, UInt64(value)) }

    /// A truth value as a varint.
    package mutating func flag(_ field: Int, _ value: Bool) { number(field, value ? 1 : UInt64(0)) }

    /// A number as eight bytes.
    package mutating func fixed(_ field: Int, _ value: UInt64) {
        guard value != 0 else { return }
        varint(UInt64(field) << 3 | 1)
        for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift))) }
    }

    /// Bytes.
    package mutating func bytes(_ field: Int, _ value: some Collection<UInt8>) {
        guard !value.isEmpty else { return }
        delimited(field, value)
    }

    /// Text as UTF-8.
    package mutating func string(_ field: Int, _ value: String) { bytes(field, value.utf8) }

    /// A record within this one; written even when empty, since repeated records count.
    package mutating func record(_ field: Int, _ body: (inout RecordWriter) -> Void) {
        var inner = RecordWriter()
        body(&inner)
        delimited(field, inner.bytes)
    }

    /// Numbers as varints one behind the other: a packed repeated field.
    package mutating func numbers(_ field: Int, _ values: [UInt32]) {
        guard !values.isEmpty else { return }
        var inner = RecordWriter()
        for value in values { inner.varint(UInt64(value)) }
        delimited(field, inner.bytes)
    }

    /// A row that holds nothing but a number: field 1.
    package static func onlyNumber(_ value: UInt64) -> [UInt8] {
        var writer = RecordWriter()
        writer.number(1, value)
        return writer.bytes
    }

    private mutating func delimited(_ field: Int, _ value: some Collection<UInt8>) {
        varint(UInt64(field) << 3 | 2)
        varint(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
