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
    }

    /// The directory `.views`.
    package var views = Views.hidden
    /// The files that listings show; the others can be looked up.
    package var listed: Set<File> = [.dcm, .png]
    /// Whether there are images at all.
    package var hasImages = true

    /// The defaults.
    package init() {}
}
