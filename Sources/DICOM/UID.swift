/// Unique identifiers the archive names itself (PS3.6 annex A), and how a UID value is read.
package enum UID {
    /// Media Storage Directory Storage: a DICOMDIR.
    package static let mediaStorageDirectory = "1.2.840.10008.1.3.10"
    /// Implementation Class UID of this program, in generated heads. Fixed for ever.
    package static let implementationClass = "2.25.290375083162530424071364743536108841360"
    /// Implementation Version Name of this program, in heads of format 1. Fixed for ever.
    package static let implementationVersionName = "DICOMFS_1"

    /// A UID that nobody else makes: of a random number of 122 bits, as UUIDs are (PS3.5 B.2).
    package static func new() -> String {
        var words = (UInt64.random(in: 0 ... .max), UInt64.random(in: 0 ... .max))
        words.0 = words.0 & ~0xF000 | 0x4000
        words.1 = words.1 & ~(0xC000 << 48) | 0x8000 << 48
        let number = UInt128(words.0) << 64 | UInt128(words.1)
        return "2.25.\(number)"
    }

    /// Whether a text can be one: 1 to 64 digits and dots (PS3.5 9.1). The rest of what makes one right nobody depends on.
    package static func isValid(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && text.utf8.allSatisfy { $0 == 0x2E || (0x30...0x39).contains($0) }
    }

    /// The text of a UID value without the spaces and NULs at both ends.
    static func trimmed(_ bytes: UnsafeRawBufferPointer) -> String {
        var part = bytes[...]
        while let byte = part.first, byte == 0 || byte == 0x20 { part.removeFirst() }
        while let byte = part.last, byte == 0 || byte == 0x20 { part.removeLast() }
        return String(decoding: part, as: UTF8.self)
    }
}
