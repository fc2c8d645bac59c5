/// How a data set said to be deflated is really written.
enum Deflation {
    /// As PS3.5 annex A.5 has it: a bare deflate stream (RFC 1951).
    case raw
    /// Wrapped as zlib does (RFC 1950): against the standard, but seen.
    case zlib

    /// This many bytes, or all there are, decide.
    static let bytesToDecide = 8

    /// What the first bytes of the data set show; nil when they are elements that were never deflated.
    init?(_ first: [UInt8]) {
        // No more of them: how many there are depends on how they arrived.
        let first = Array(first.prefix(Self.bytesToDecide))
        if Part10.looksLikeElement(first.span.bytes, .explicitLittleEndian) { return nil }
        guard first.count >= 2, first[0] & 0x0F == 8, (Int(first[0]) << 8 | Int(first[1])) % 31 == 0 else {
            self = .raw
            return
        }
        // In a bare stream a low nibble of 8 starts a stored block, whose length stands there twice, once inverted.
        let isStored = first.count >= 5 && first[1] == ~first[3] && first[2] == ~first[4]
        self = isStored ? .raw : .zlib
    }
}
