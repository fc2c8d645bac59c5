import Hashing

/// The chunks that recipes name, in 8 bytes each: the beginnings of their digests.
///
/// Of two chunks with the same beginning, each is taken for the other: then one that nobody needs is kept.
struct NamedChunks {
    private var beginnings: [UInt64] = []
    /// So many are in order, each once; the others came after.
    private var sorted = 0

    /// Adds chunks.
    mutating func add(_ digests: [SHA256Digest]) {
        for digest in digests { beginnings.append(Self.beginning(digest)) }
        // Versions and copies share chunks.
        if beginnings.count > 2 * sorted + 1 << 20 { close() }
    }

    /// Ends the adding: ``contains(_:)`` knows what was added before.
    mutating func close() {
        beginnings.sort()
        var last: UInt64?
        beginnings.removeAll { each in
            defer { last = each }
            return each == last
        }
        sorted = beginnings.count
    }

    /// Whether a chunk was added, or one with the same beginning.
    func contains(_ digest: SHA256Digest) -> Bool {
        let wanted = Self.beginning(digest)
        var range = 0..<sorted
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            if beginnings[middle] == wanted { return true }
            range = beginnings[middle] < wanted ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return false
    }

    private static func beginning(_ digest: SHA256Digest) -> UInt64 {
        digest.bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
    }
}
