import Synchronization

/// Grey by word, for samples of up to 16 bits: a pixel then costs one look.
final class GreyTable: Sendable {
    private struct Key: Hashable {
        var transform: GreyTransform
        var bits: Int
        var shift: Int
        var isSigned: Bool
        /// How many there can be.
        var words: Int
    }

    /// The tables used last, by what they are made of: the images of a series have the same.
    private static let kept = Mutex<[(key: Key, table: GreyTable)]>([])
    private static let mostKept = 8

    private let greys: [UInt8]

    /// Gives grey by word: of 8-bit samples 256, else 65,536.
    func withGreys<Result>(_ body: (UnsafePointer<UInt8>) -> Result) -> Result {
        greys.withUnsafeBufferPointer { greys in
            guard let base = greys.baseAddress else { preconditionFailure("a table has 256 entries at least") }
            return body(base)
        }
    }

    /// The table for the samples of a frame.
    static func table(_ transform: GreyTransform, for samples: Samples) -> GreyTable {
        let key = Key(
            transform: transform, bits: samples.bits.count, shift: samples.bits.shift, isSigned: samples.isSigned,
            words: samples.words)
        let found = kept.withLock { kept in kept.first { $0.key == key }?.table }
        if let found { return found }
        let table = GreyTable(transform, samples)
        kept.withLock { kept in
            if kept.count >= mostKept { kept.removeFirst() }
            kept.append((key, table))
        }
        return table
    }

    private init(_ transform: GreyTransform, _ samples: Samples) {
        // By stored value; those of words repeat them, whatever other bits are set.
        let levels = (0..<1 << samples.bits.count).map {
            transform.level(of: Double(samples.number($0 << samples.bits.shift)))
        }
        let mask = levels.count - 1
        greys = (0..<samples.words).map { levels[$0 >> samples.bits.shift & mask] }
    }
}
