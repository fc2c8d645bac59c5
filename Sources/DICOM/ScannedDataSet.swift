/// What a scan found: with the header bytes, all that is needed to read the header again.
package struct ScannedDataSet: Hashable, Sendable {
    /// The encoding the first element showed, else the nominal one.
    package var encoding: DataSetEncoding
    /// The values cut from the header, in order. When the header is derived they are those of the inflated data set,
    /// and the bytes themselves are one bulk value from byte 0.
    package var bulkElements: [BulkElement]
    /// The number of header bytes, derived or not.
    package var headerLength: Int
    /// The number of bytes of the data set as received.
    package var totalLength: UInt64
    /// Whether the bytes are deflated, and the header therefore derived by inflating them: delivered by `derivedHeader`, and
    /// no part of the bytes.
    package var isDeflated: Bool
    /// The lengths of the items of encapsulated (7FE0,0010), the basic offset table first (PS3.5 annex A.4): each stands behind an
    /// item header of 8 bytes. None when it is not encapsulated, its items are broken, or they are more than
    /// ``mostFragments``.
    package var fragments: [UInt32]

    /// The most fragments noted: 1,048,576.
    package static let mostFragments = 1 << 20

    /// A scan result of these properties.
    package init(
        encoding: DataSetEncoding, bulkElements: [BulkElement], headerLength: Int, totalLength: UInt64,
        isDeflated: Bool,
        fragments: [UInt32] = []
    ) {
        self.encoding = encoding
        self.bulkElements = bulkElements
        self.headerLength = headerLength
        self.totalLength = totalLength
        self.isDeflated = isDeflated
        self.fragments = fragments
    }
}
