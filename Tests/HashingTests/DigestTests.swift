import Hashing
import Testing

@Suite struct DigestTests {
    /// The examples of FIPS 180-4, published by NIST.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ])
    func `SHA-256 of the published examples`(message: String, expected: String) {
        #expect(SHA256.hash(Array(message.utf8)).description == expected)
    }

    @Test(arguments: [
        ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
    ])
    func `SHA-1 of the published examples`(message: String, expected: String) {
        #expect(SHA1.hash(Array(message.utf8)).description == expected)
    }

    @Test func `a message in pieces has the digest of the whole`() {
        let message = (0..<100_003).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var whole = SHA256()
        var whole1 = SHA1()
        for start in stride(from: 0, to: message.count, by: 977) {
            let piece = Array(message[start..<min(start + 977, message.count)])
            whole.update(piece.span.bytes)
            whole1.update(piece.span.bytes)
        }
        #expect(whole.finish() == SHA256.hash(message))
        #expect(whole1.finish() == SHA1.hash(message))
    }

    @Test func `a digest survives its bytes and its digits`() {
        let digest = SHA256.hash([1, 2, 3])
        #expect(SHA256Digest(digest.bytes) == digest)
        #expect(SHA256Digest(hex: digest.description.uppercased()) == digest)
        #expect(digest.withUnsafeBytes { SHA256Digest(Array($0)) } == digest)
    }

    @Test func `bytes or digits of another number make no digest`() {
        #expect(SHA256Digest([UInt8](repeating: 0, count: 31)) == nil)
        #expect(SHA1Digest([UInt8](repeating: 0, count: 32).span.bytes) == nil)
        #expect(SHA1Digest(hex: String(repeating: "0", count: 39)) == nil)
        #expect(SHA1Digest(hex: String(repeating: "g", count: 40)) == nil)
    }

    @Test func `digests are ordered like their digits`() {
        let digests = (0..<64).map { SHA1.hash([UInt8($0)]) }
        #expect(digests.sorted().map(\.description) == digests.map(\.description).sorted())
        #expect(Set(digests).count == 64)
    }
}
