/// What a scan refuses, so that a hostile data set cannot cost more memory or time than an honest one.
package struct ScanLimits: Sendable {
    /// The most bytes of header (all but bulk), 16 MiB.
    package var headerBytes = 16 << 20
    /// The most sequences of undefined length within each other, 64. Sequences of defined length are stepped over.
    package var depth = 64
    /// The most bytes a deflated data set may inflate to, 4 GiB.
    package var inflatedBytes: UInt64 = 4 << 30

    /// The limits above.
    package init() {}
}
