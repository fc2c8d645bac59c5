/// How many chunks a sweep found and removes, by ranges of arrival numbers: decides where space is given back.
///
/// Giving space back moves the live chunks beside the gap.
struct ArrivalBuckets {
    /// Arrival numbers in one bucket: ranges begin and end with one.
    static let size: UInt64 = 32
    /// Buckets in a group, which is about what one file holds.
    private static let group: UInt64 = 8

    private struct Count {
        var before: UInt64 = 0
        var removed: UInt64 = 0
    }

    private var buckets: [UInt64: Count] = [:]

    /// Counts a chunk that is stored.
    mutating func add(_ arrival: UInt64, isRemoved: Bool) {
        buckets[arrival / Self.size, default: Count()].before += 1
        if isRemoved { buckets[arrival / Self.size, default: Count()].removed += 1 }
    }

    /// The buckets in which space is to be given back.
    ///
    /// Those of a group in which a quarter less is left than before, so that a chunk is moved for at most four sweeps and at
    /// most a quarter of the space is lost; and two or more beside each other in which nothing is left: where a study was,
    /// there is little to move.
    var emptied: Set<UInt64> {
        var groups: [UInt64: Count] = [:]
        for (bucket, count) in buckets {
            groups[bucket / Self.group, default: Count()].before += count.before
            groups[bucket / Self.group, default: Count()].removed += count.removed
        }
        let quarter = Self.size * Self.group / 4
        func quarters(_ count: UInt64) -> UInt64 { (count + quarter - 1) / quarter }
        func isGone(_ bucket: UInt64) -> Bool { buckets[bucket].map { $0.removed == $0.before } ?? false }
        return Set(
            buckets.keys.filter { bucket in
                let count = groups[bucket / Self.group] ?? Count()
                if quarters(count.before - count.removed) < quarters(count.before) { return true }
                return isGone(bucket) && (isGone(bucket + 1) || bucket > 0 && isGone(bucket - 1))
            })
    }

    /// Neighbours together: each range is one rewrite.
    static func joined(_ buckets: some Sequence<UInt64>) -> [ClosedRange<UInt64>] {
        var ranges: [ClosedRange<UInt64>] = []
        for bucket in buckets.sorted() {
            if let last = ranges.last, bucket - last.upperBound <= 1 {
                ranges[ranges.count - 1] = last.lowerBound...bucket
            } else {
                ranges.append(bucket...bucket)
            }
        }
        return ranges
    }
}
