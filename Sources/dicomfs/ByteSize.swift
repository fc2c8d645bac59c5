import ArgumentParser

/// A number of bytes: `1048576`, `512K`, `512M`, `2G`, `1T`.
struct ByteSize: ExpressibleByArgument, Sendable, CustomStringConvertible {
    let bytes: Int

    init(_ bytes: Int) { self.bytes = bytes }

    init?(argument: String) {
        let units = ["K": 10, "M": 20, "G": 30, "T": 40]
        let shift = argument.last.flatMap { units[$0.uppercased()] }
        let digits = shift == nil ? argument[...] : argument.dropLast()
        guard let number = Int(digits), number >= 0, number <= Int.max >> (shift ?? 0) else { return nil }
        bytes = number << (shift ?? 0)
    }

    var description: String {
        for (unit, shift) in [("T", 40), ("G", 30), ("M", 20), ("K", 10)] where bytes > 0 && bytes % (1 << shift) == 0 {
            return "\(bytes >> shift)\(unit)"
        }
        return "\(bytes)"
    }
}
