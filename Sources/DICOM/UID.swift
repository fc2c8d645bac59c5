/// Unique identifiers the archive names itself (PS3.6 annex A), and how a UID value is read.
package enum UID {
    /// Media Storage Directory Storage: a DICOMDIR.
    package static let mediaStorageDirectory = "1.2.840.10008.1.3.10"
    /// Implementation Class UID of this program, in generated heads. Fixed for ever.
    package static let implementationClass = "2.25.290375083162530424071364743536108841360"
    /// Implementation Version Name of this program, in heads of format 1. Fixed for ever.
    package static let implementationVersionName = "DICOMFS_1"

    /// The text of a UID value without the spaces and NULs at both ends.
    static func trimmed(_ bytes: UnsafeRawBufferPointer) -> String {
        var part = bytes[...]
        while let byte = part.first, byte == 0 || byte == 0x20 { part.removeFirst() }
        while let byte = part.last, byte == 0 || byte == 0x20 { part.removeLast() }
        return String(decoding: part, as: UTF8.self)
    }
}
