/// How the frames of an image are compressed.
package enum FrameCoding: Sendable {
    /// Not at all; the frames may still lie in fragments.
    case uncompressed
    /// Run lengths (PS3.5 annex G).
    case rle
    /// A codestream that says by its first bytes which: JPEG (ISO 10918-1), JPEG-LS (ISO 14495-1), JPEG 2000 or HTJ2K
    /// (ISO 15444-1 and -15).
    case codestream

    /// The coding that a transfer syntax has (PS3.5 annex A); nil when there is no codec for it: video, JPIP, JPEG with
    /// arithmetic coding or hierarchies, JPEG 2000 part 2, and all that the standard does not know. The nominal syntax of a file may be
    /// wrong, so codestreams are told apart by what they are.
    package init?(transferSyntaxUID uid: String) {
        let root = "1.2.840.10008.1.2"
        guard uid.hasPrefix(root) else {
            // Implicit VR little endian but for the pixel data in big endian, which the description says.
            guard uid == "1.2.840.113619.5.2" else { return nil }
            self = .uncompressed
            return
        }
        switch uid.dropFirst(root.count) {
        case "", ".1", ".2", ".1.98", ".1.99": self = .uncompressed
        case ".5": self = .rle
        case ".4.50", ".4.51", ".4.53", ".4.55", ".4.57", ".4.70", ".4.80", ".4.81", ".4.90", ".4.91", ".4.201",
            ".4.202",
            ".4.203":
            self = .codestream
        default: return nil
        }
    }
}
