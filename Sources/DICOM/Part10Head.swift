/// The head of a Part 10 file that the archive makes for an instance received without one (PS3.10 section 7.1).
package enum Part10Head {
    /// The format new heads are generated in.
    package static let currentFormat = 1

    /// The bytes before the data set: preamble, prefix and group 2. The same in every release for ever.
    ///
    /// Format 1: 128 zero bytes, `DICM`, then in explicit VR little endian (0002,0000) the length, (0002,0001) version
    /// 0001, (0002,0002) SOP class, (0002,0003) SOP instance, (0002,0010) transfer syntax, (0002,0012) and (0002,0013) who wrote
    /// it. UIDs of odd length are followed by one NUL, the name by one space. Nil for a format this release does not know.
    package static func generated(
        format: Int, sopClassUID: String, sopInstanceUID: String, transferSyntaxUID: String
    ) -> [UInt8]? {
        guard format == 1 else { return nil }
        var group: [UInt8] = []
        append(&group, 0x0001, "OB", [0, 1])
        append(&group, 0x0002, "UI", padded(sopClassUID, 0))
        append(&group, 0x0003, "UI", padded(sopInstanceUID, 0))
        append(&group, 0x0010, "UI", padded(transferSyntaxUID, 0))
        append(&group, 0x0012, "UI", padded(UID.implementationClass, 0))
        append(&group, 0x0013, "SH", padded(UID.implementationVersionName, 0x20))

        var head = [UInt8](repeating: 0, count: 128)
        head += "DICM".utf8
        append(&head, 0x0000, "UL", littleEndian(UInt32(group.count), 4))
        return head + group
    }

    private static func append(_ bytes: inout [UInt8], _ element: UInt16, _ vr: String, _ value: [UInt8]) {
        bytes += littleEndian(2, 2) + littleEndian(UInt32(element), 2)
        bytes += vr.utf8
        bytes += vr == "OB" ? [0, 0] + littleEndian(UInt32(value.count), 4) : littleEndian(UInt32(value.count), 2)
        bytes += value
    }

    private static func littleEndian(_ value: UInt32, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
    }

    private static func padded(_ text: String, _ pad: UInt8) -> [UInt8] {
        let bytes = Array(text.utf8)
        return bytes.count % 2 == 0 ? bytes : bytes + [pad]
    }
}
