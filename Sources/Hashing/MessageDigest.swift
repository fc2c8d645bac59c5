import CCrypto

/// One algorithm of libcrypto, fetched once (fetching by name on every use costs more than hashing a short message).
struct MessageDigest: @unchecked Sendable {
    /// The EVP_MD; lives as long as the process.
    let algorithm: OpaquePointer

    static let sha256 = MessageDigest("SHA256")
    static let sha1 = MessageDigest("SHA1")

    private init(_ name: String) {
        guard let algorithm = EVP_MD_fetch(nil, name, nil) else {
            fatalError("libcrypto has no \(name): check the OpenSSL configuration (a FIPS-only provider has no SHA1)")
        }
        self.algorithm = algorithm
    }
}

/// An EVP_MD_CTX with one owner, freed when the owner goes.
struct DigestContext: ~Copyable {
    private let context: OpaquePointer

    init(_ digest: MessageDigest) {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex2(context, digest.algorithm, nil) == 1 else {
            fatalError("libcrypto could not start a digest: out of memory")
        }
        self.context = context
    }

    deinit {
        EVP_MD_CTX_free(context)
    }

    mutating func update(_ bytes: RawSpan) {
        let result = bytes.withUnsafeBytes { EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
        precondition(result == 1, "EVP_DigestUpdate failed on a started digest")
    }

    /// Writes the digest to `output`, whose size is the algorithm's.
    consuming func finish<let count: Int>(_ output: inout InlineArray<count, UInt8>) {
        let context = context
        withUnsafeMutableBytes(of: &output) { bytes in
            var length: UInt32 = 0
            let result = EVP_DigestFinal_ex(context, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), &length)
            precondition(result == 1 && Int(length) == count, "EVP_DigestFinal_ex failed on a started digest")
        }
    }
}
