/// A SHA-1 computation in progress (FIPS 180-4; for names fixed elsewhere, never for integrity).
///
/// Used by one thread at a time; no memory is allocated per update.
package struct SHA1: ~Copyable {
    private var context: DigestContext

    /// A computation over no bytes yet.
    package init() {
        context = DigestContext(.sha1)
    }

    /// Adds bytes to the message.
    package mutating func update(_ bytes: RawSpan) {
        context.update(bytes)
    }

    /// Ends the message and gives its digest.
    package consuming func finish() -> SHA1Digest {
        SHA1Digest(finishing: context)
    }

    /// The digest of a whole message.
    package static func hash(_ bytes: RawSpan) -> SHA1Digest {
        var hasher = SHA1()
        hasher.update(bytes)
        return hasher.finish()
    }

    /// The digest of a whole message.
    package static func hash(_ bytes: [UInt8]) -> SHA1Digest {
        hash(bytes.span.bytes)
    }
}
