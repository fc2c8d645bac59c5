/// JSON text (RFC 8259) in UTF-8, written from its beginning to its end.
///
/// Not Foundation's encoder: that wants the whole as objects first, which takes many times the memory of a hostile header.
struct JSONText {
    private(set) var bytes: [UInt8] = []
    private let limit: Int

    /// - Parameter limit: the most bytes wanted; what is longer is not finished.
    init(limit: Int) { self.limit = limit }

    /// Whether it is longer than wanted: there is no need to go on.
    var isTooLong: Bool { bytes.count > limit }

    /// Adds text as it is: punctuation, a number, a name that needs no escapes.
    mutating func plain(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// Adds bytes as they are: ASCII that needs no escapes.
    mutating func plain(_ text: some Sequence<UInt8>) { bytes.append(contentsOf: text) }

    /// Adds text as a string.
    mutating func string(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        // What needs no escape, nearly all, at once.
        var rest = text.utf8[...]
        while let place = rest.firstIndex(where: { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") })
        {
            bytes.append(contentsOf: rest[..<place])
            let byte = rest[place]
            if byte < 0x20 {
                plain("\\u00")
                bytes.append(Self.digits[Int(byte >> 4)])
                bytes.append(Self.digits[Int(byte & 15)])
            } else {
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            }
            rest = rest[rest.index(after: place)...]
        }
        bytes.append(contentsOf: rest)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Adds values with commas between them, in brackets, until it is too long.
    mutating func array<Values: Sequence>(_ values: Values, _ add: (inout JSONText, Values.Element) -> Void) {
        plain("[")
        var isFirst = true
        for value in values where !isTooLong {
            if !isFirst { plain(",") }
            isFirst = false
            add(&self, value)
        }
        plain("]")
    }

    private static let digits = Array("0123456789abcdef".utf8)
}
