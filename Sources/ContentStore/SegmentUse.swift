/// What a sweep finds in segments: decides where space is given back.
struct SegmentUse {
    /// The blocks in which a file system gives space back; most have these.
    static let block: UInt64 = 4096
    /// The most chunks of a group: bounds the memory of a sweep.
    private static let largestGroup = 1 << 20

    private struct Use {
        var bytes: UInt64 = 0
        var chunks = 0
    }

    private var uses: [UInt64: Use] = [:]
    /// The segments of chunks that were removed.
    var lost: Set<UInt64> = []
    /// Whether every row could be read.
    var isKnown = true

    /// Counts a chunk that stays.
    mutating func add(_ row: ChunkRow) {
        var use = uses[row.place.segment] ?? Use()
        use.bytes += row.length
        use.chunks += 1
        uses[row.place.segment] = use
    }

    /// Bytes that stay in a segment.
    func live(in segment: UInt64) -> UInt64 { uses[segment]?.bytes ?? 0 }

    /// Bytes of the disk that a segment takes at most while there is nothing to give back that earlier sweeps and ingests have left: a
    /// thirty-second more than what stays, for the blocks that gaps share with their neighbours, and the blocks at its ends.
    func most(in segment: UInt64) -> UInt64 {
        let live = live(in: segment)
        return live == 0 ? 0 : live + live / 32 + 4 * Self.block
    }

    /// Segments, as many at a time as are looked into together.
    func groups(of segments: [UInt64]) -> [[UInt64]] {
        var groups: [[UInt64]] = []
        var count = Int.max
        for segment in segments {
            let chunks = uses[segment]?.chunks ?? 0
            if count > Self.largestGroup - min(chunks, Self.largestGroup) {
                groups.append([])
                count = 0
            }
            groups[groups.count - 1].append(segment)
            count += chunks
        }
        return groups
    }

    /// The whole blocks of a segment that no row names.
    static func gaps(between rows: [ChunkRow], length: UInt64) -> [Range<UInt64>] {
        var gaps: [Range<UInt64>] = []
        var end: UInt64 = 0
        func add(upTo next: UInt64) {
            let (first, last) = ((end + block - 1) / block * block, next / block * block)
            if first < last { gaps.append(first..<last) }
        }
        for row in rows.sorted(by: { $0.place.offset < $1.place.offset }) {
            add(upTo: row.place.offset)
            end = max(end, row.place.offset + row.length)
        }
        add(upTo: (length + block - 1) / block * block)
        return gaps
    }
}
