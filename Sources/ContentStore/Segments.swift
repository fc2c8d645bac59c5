import Synchronization

/// The arrival numbers of chunks: 48 bits segment, 16 bits place in it.
///
/// A segment is what one memtable took, and so what lies in one blob file, whose space is given back when nothing in it is
/// needed. Usable from any thread.
final class Segments: Sendable {
    /// The leading bytes of a key that are its segment's.
    static let prefix = 6
    /// Bytes after which a segment is full: one memtable of `bytes` takes a little more.
    static let size = 44 << 20

    private let arrival: Atomic<UInt64>
    private let taken = Atomic<Int>(0)

    /// Begins with the segment after that of an arrival number.
    init(after last: UInt64) { arrival = Atomic(Self.first(of: Self.segment(of: last) + 1)) }

    /// The segment of an arrival number.
    static func segment(of arrival: UInt64) -> UInt64 { arrival >> 16 }

    /// The first arrival number of a segment.
    static func first(of segment: UInt64) -> UInt64 { segment << 16 }

    /// The last arrival number of a segment.
    static func last(of segment: UInt64) -> UInt64 { segment << 16 | 0xFFFF }

    /// The number of a chunk of so many bytes. One that finds no place in its segment begins another.
    func next(_ length: Int) -> UInt64 {
        taken.wrappingAdd(length, ordering: .relaxed)
        return arrival.wrappingAdd(1, ordering: .relaxed).oldValue
    }

    /// Whether ``begin()`` is due.
    var isFull: Bool { taken.load(ordering: .relaxed) >= Self.size }

    /// Begins a segment. Nobody may call ``next(_:)`` meanwhile.
    func begin() {
        let last = arrival.load(ordering: .relaxed) - 1
        arrival.store(Self.first(of: Self.segment(of: last) + 1), ordering: .relaxed)
        taken.store(0, ordering: .relaxed)
    }
}

/// What a sweep finds in segments: decides where space is given back.
///
/// Giving back the space of a segment moves what is left in it.
struct SegmentUse {
    private struct Use {
        var before: UInt64 = 0
        var removed: UInt64 = 0
    }

    private var uses: [UInt64: Use] = [:]

    /// Counts a chunk that is stored.
    mutating func add(_ arrival: UInt64, length: UInt64, isRemoved: Bool) {
        let segment = Segments.segment(of: arrival)
        uses[segment, default: Use()].before &+= length
        if isRemoved { uses[segment, default: Use()].removed &+= length }
    }

    /// Bytes that stay in a segment.
    func left(in segment: UInt64) -> UInt64 { uses[segment].map { $0.before - min($0.before, $0.removed) } ?? 0 }

    /// The segments in which a quarter less is left than when their space was last given back, or nothing: so at most a
    /// quarter of the space is lost, and at most three bytes are moved for each that is freed.
    var emptied: [UInt64] {
        uses.compactMap { segment, use in
            let left = use.before - min(use.before, use.removed)
            return use.removed > 0 && (left == 0 || Self.step(left) > Self.step(use.before)) ? segment : nil
        }
    }

    /// How often a quarter of a full segment must go until no more than so many bytes are left. A sweep that crosses a step
    /// gives space back: those before it need not be remembered.
    private static func step(_ bytes: UInt64) -> Int {
        var limit = UInt64(Segments.size)
        var step = 0
        while limit >= bytes, limit > 3 {
            limit -= limit / 4
            step += 1
        }
        return step
    }
}
