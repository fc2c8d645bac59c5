/// How the elements of a data set are written: with or without their VR, and in which byte order (PS3.5 section 7.1).
package struct DataSetEncoding: Hashable, Sendable, CustomStringConvertible {
    /// Whether element headers name the value representation.
    package var isExplicit: Bool
    /// Whether numbers have their most significant byte first.
    package var isBigEndian: Bool

    /// The encoding with these two properties.
    package init(isExplicit: Bool, isBigEndian: Bool) {
        self.isExplicit = isExplicit
        self.isBigEndian = isBigEndian
    }

    package static let explicitLittleEndian = Self(isExplicit: true, isBigEndian: false)
    package static let implicitLittleEndian = Self(isExplicit: false, isBigEndian: false)
    package static let explicitBigEndian = Self(isExplicit: true, isBigEndian: true)

    /// For example `explicit VR little endian`.
    package var description: String {
        "\(isExplicit ? "explicit" : "implicit") VR \(isBigEndian ? "big" : "little") endian"
    }
}
