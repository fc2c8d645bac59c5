/// A SHA-256 digest: 32 bytes kept inline.
///
/// Ordered and compared byte by byte, like its hexadecimal description.
package struct SHA256Digest: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number of bytes of a digest.
    package static let byteCount = 32

    private var storage: InlineArray<32, UInt8>

    /// The digest made of these bytes, or nil when there are not exactly 32 of them.
    package init?(_ bytes: RawSpan) {
        guard bytes.byteCount == Self.byteCount else { return nil }
        storage = InlineArray(repeating: 0)
        withUnsafeMutableBytes(of: &storage) { target in
            bytes.withUnsafeBytes { target.copyMemory(from: $0) }
        }
    }

    /// The digest made of these bytes, or nil when there are not exactly 32 of them.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        storage = InlineArray(repeating: 0)
        withUnsafeMutableBytes(of: &storage) { $0.copyBytes(from: bytes) }
    }

    /// The digest written in 64 hexadecimal digits of either case, or nil when the text is anything else.
    package init?(hex: some StringProtocol) {
        guard let bytes = Hexadecimal.bytes(hex) else { return nil }
        self.init(bytes)
    }

    init(finishing context: consuming DigestContext) {
        storage = InlineArray(repeating: 0)
        context.finish(&storage)
    }

    /// The bytes, borrowed from this value.
    package var bytes: RawSpan {
        @_lifetime(borrow self)
        borrowing get { storage.span.bytes }
    }

    /// Calls `body` with the bytes.
    package func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try Swift.withUnsafeBytes(of: storage, body)
    }

    /// 64 lower-case hexadecimal digits.
    package var description: String {
        withUnsafeBytes { Hexadecimal.text($0) }
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.withUnsafeBytes { l in right.withUnsafeBytes { r in l.elementsEqual(r) } }
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.withUnsafeBytes { l in right.withUnsafeBytes { r in l.lexicographicallyPrecedes(r) } }
    }

    package func hash(into hasher: inout Hasher) {
        withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}
