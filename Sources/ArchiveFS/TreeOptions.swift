/// What a mount shows of an archive: the mount options `views`, `files` and `png`.
package struct TreeOptions: Sendable {
    /// Whether there is a directory `.views` in the root.
    package enum Views: String, CaseIterable, Sendable {
        /// Yes, but a listing does not show it.
        case hidden
        /// Yes.
        case listed
        /// No.
        case off
    }

    /// A kind of file that an instance has.
    package enum File: String, CaseIterable, Sendable {
        case dcm
        /// The image, and the directory with those of the frames.
        case png
        case json
        /// The document or video within an instance.
        case document = "doc"
    }

    /// What images show.
    package enum Images: String, CaseIterable, Sendable {
        /// What a person sees, 8 bits.
        case display
        /// The stored values, 16 bits, of images with one sample of up to 16 bits; the others have none.
        case raw16
        /// There are none.
        case off
    }

    /// The directory `.views`.
    package var views = Views.hidden
    /// The files that listings show; the others can be looked up.
    package var listed: Set<File> = [.dcm, .png, .document]
    /// What images show.
    package var images = Images.display

    /// The defaults.
    package init() {}
}
