/// The first bytes of encapsulated pixel data behind its offset table, while it arrives: they tell what kind of video it is.
struct FirstFragments {
    /// So many bytes decide, and the headers of fragments that may lie between.
    private static let most = 512

    /// Of the offset table's item, as far as it has come.
    private var header: [UInt8] = []
    /// Of the offset table that are still to come.
    private var table = 0
    private var collected: [UInt8] = []

    /// Whether there are as many as there need be.
    var isComplete: Bool { collected.count >= Self.most }

    /// Takes the next bytes of the value.
    mutating func take(_ bytes: RawSpan) {
        bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            if header.count < 8 {
                let part = rest.prefix(8 - header.count)
                header += part
                rest = rest.dropFirst(part.count)
                // Its length, in little endian as all encapsulated values are.
                if header.count == 8 { table = (4..<8).reduce(0) { $0 | Int(header[$1]) << (8 * ($1 - 4)) } }
            }
            guard header.count == 8 else { return }
            let skipped = min(table, rest.count)
            table -= skipped
            collected += rest.dropFirst(skipped).prefix(Self.most - collected.count)
        }
    }

    /// The bytes of fragments of these lengths, one behind the other, as far as they were collected.
    func bytes(_ lengths: some Sequence<UInt32>) -> [UInt8] {
        var bytes: [UInt8] = []
        var place = 0
        for length in lengths where place + 8 < collected.count {
            bytes += collected.dropFirst(place + 8).prefix(Int(length))
            place += 8 + Int(length)
        }
        return bytes
    }
}
