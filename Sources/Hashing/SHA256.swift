/// A SHA-256 computation in progress (FIPS 180-4).
///
/// Used by one thread at a time; no memory is allocated per update.
package struct SHA256: ~Copyable {
    private var context: DigestContext

    /// A computation over no bytes yet.
    package init() {
        context = DigestContext(.sha256)
    }

    /// Adds bytes to the message.
    package mutating func update(_ bytes: RawSpan) {
        context.update(bytes)
    }

    /// Ends the message and gives its digest.
    package consuming func finish() -> SHA256Digest {
        SHA256Digest(finishing: context)
    }

    /// The digest of a whole message.
    package static func hash(_ bytes: RawSpan) -> SHA256Digest {
        var hasher = SHA256()
        hasher.update(bytes)
        return hasher.finish()
    }

    /// The digest of a whole message.
    package static func hash(_ bytes: [UInt8]) -> SHA256Digest {
        hash(bytes.span.bytes)
    }
}
