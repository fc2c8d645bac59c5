/// A text with `*` for any characters, also none, and `?` for one (PS3.4 section C.2.2.2.4).
///
/// A part between stars is sought from left to right once, so no pattern takes more than the length of the text times that of
/// its longest part; a part of more than 64 characters is sought 64 characters at a time.
struct WildcardPattern: Sendable {
    /// The parts between stars, as Unicode scalars; 0 stands for `?`.
    private let parts: [[UInt32]]
    /// Fewer texts match a shorter one: the characters that any star leaves.
    private let shortest: Int

    private static let star = UInt32(UInt8(ascii: "*"))
    private static let question = UInt32(UInt8(ascii: "?"))
    private static let longestNaive = 64

    /// The pattern of these scalars.
    init(_ scalars: [UInt32]) {
        parts = scalars.split(separator: Self.star, omittingEmptySubsequences: false).map { part in
            part.map { $0 == Self.question ? 0 : $0 }
        }
        shortest = parts.reduce(0) { $0 + $1.count }
    }

    /// Whether it has a star or a question mark.
    static func isIn(_ text: some Sequence<UInt32>) -> Bool { text.contains { $0 == star || $0 == question } }

    /// Whether a text of these scalars is like that.
    func matches(_ text: [UInt32]) -> Bool {
        guard text.count >= shortest, let first = parts.first, let last = parts.last else { return false }
        if parts.count == 1 { return text.count == shortest && Self.stands(first, text, 0) }
        guard Self.stands(first, text, 0), Self.stands(last, text, text.count - last.count) else { return false }
        var place = first.count
        let end = text.count - last.count
        for part in parts[1..<parts.count - 1] where !part.isEmpty {
            guard let found = Self.place(of: part, in: text, from: place, to: end) else { return false }
            place = found + part.count
        }
        return place <= end
    }

    private static func stands(_ part: [UInt32], _ text: [UInt32], _ place: Int) -> Bool {
        guard place >= 0, place + part.count <= text.count else { return false }
        for index in part.indices where part[index] != 0 && part[index] != text[place + index] { return false }
        return true
    }

    private static func place(of part: [UInt32], in text: [UInt32], from start: Int, to end: Int) -> Int? {
        guard part.count <= end - start else { return nil }
        if part.count > longestNaive { return placeOfLong(part, in: text, from: start, to: end) }
        for place in start...(end - part.count) where stands(part, text, place) { return place }
        return nil
    }

    /// By the Shift-And algorithm: bit n of the state tells whether the part's first n + 1 characters end here.
    private static func placeOfLong(_ part: [UInt32], in text: [UInt32], from start: Int, to end: Int) -> Int? {
        let words = (part.count + 63) / 64
        var any = [UInt64](repeating: 0, count: words)
        var masks: [UInt32: [UInt64]] = [:]
        for (place, scalar) in part.enumerated() {
            if scalar == 0 {
                any[place / 64] |= 1 << UInt64(place % 64)
            } else {
                masks[scalar, default: [UInt64](repeating: 0, count: words)][place / 64] |= 1 << UInt64(place % 64)
            }
        }
        var state = [UInt64](repeating: 0, count: words)
        let last = part.count - 1
        for place in start..<end {
            let mask = masks[text[place]]
            var carry: UInt64 = 1
            for word in 0..<words {
                let next = state[word] >> 63
                state[word] = (state[word] << 1 | carry) & (any[word] | (mask?[word] ?? 0))
                carry = next
            }
            if state[last / 64] & 1 << UInt64(last % 64) != 0 { return place - last }
        }
        return nil
    }
}
