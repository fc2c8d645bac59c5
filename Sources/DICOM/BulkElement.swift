/// A value that was separated from the header: where its element header stands, and where its bytes do.
///
/// Putting the data set together again: header bytes up to `elementHeaderOffset + elementHeaderLength`, the value, then
/// the header bytes that follow.
package struct BulkElement: Hashable, Sendable {
    /// What the bytes are.
    package enum Kind: UInt8, Sendable {
        /// The value of an element.
        case element = 0
        /// All that follows the pixel data from the first bytes that are no element; tag and VR mean nothing.
        case trailer = 1
        /// A whole deflated data set; tag and VR mean nothing.
        case deflated = 2
    }

    /// What the bytes are.
    package var kind: Kind
    /// The tag of the element; (0000,0000) for a pseudo-element.
    package var tag: Tag
    /// The VR its header names; nil in implicit VR.
    package var vr: VR?
    /// Where its element header starts within the header bytes.
    package var elementHeaderOffset: Int
    /// The length of its element header: 8 or 12, and 0 for a pseudo-element.
    package var elementHeaderLength: Int
    /// The length its element header declares; nil when undefined or for a pseudo-element.
    package var declaredLength: UInt32?
    /// Where the value starts within the data set (the inflated one when the header is derived).
    package var position: UInt64
    /// The number of value bytes present; 0 until the value has ended. Differs from a declared length only when
    /// something after the pixel data is cut off by the end.
    package var valueLength: UInt64

    /// An element of these properties.
    package init(
        kind: Kind, tag: Tag, vr: VR?, elementHeaderOffset: Int, elementHeaderLength: Int, declaredLength: UInt32?,
        position: UInt64, valueLength: UInt64
    ) {
        self.kind = kind
        self.tag = tag
        self.vr = vr
        self.elementHeaderOffset = elementHeaderOffset
        self.elementHeaderLength = elementHeaderLength
        self.declaredLength = declaredLength
        self.position = position
        self.valueLength = valueLength
    }
}
