package import DICOM
import Hashing

extension OrthancIdentifier {
    /// The identifier of nothing: zeros.
    init() {
        guard let zero = SHA1Digest([UInt8](repeating: 0, count: SHA1Digest.byteCount)) else {
            preconditionFailure("a digest is made of byteCount bytes")
        }
        self.init(zero)
    }

    /// The 20 bytes.
    var array: [UInt8] { bytes.withUnsafeBytes { Array($0) } }

    /// The leading bits as a number.
    package func leading(bits: UInt64) -> UInt64 {
        bytes.withUnsafeBytes { UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)) } >> (64 - bits)
    }

    /// The first ten hex digits: what names end with.
    package var shortSuffix: String { String(hex40.prefix(10)) }
}

extension SHA256Digest {
    /// The digest of nothing: zeros.
    init() {
        guard let zero = SHA256Digest([UInt8](repeating: 0, count: SHA256Digest.byteCount)) else {
            preconditionFailure("a digest is made of byteCount bytes")
        }
        self = zero
    }

    /// The 32 bytes.
    var array: [UInt8] { bytes.withUnsafeBytes { Array($0) } }
}
