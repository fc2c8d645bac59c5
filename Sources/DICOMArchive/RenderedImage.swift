/// A PNG made of one frame.
package struct RenderedImage: Sendable {
    /// The file.
    package let bytes: [UInt8]
}
