import ContentStore

/// A failure of the archive, with a sentence that names the object and says what to do.
package struct ArchiveError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure; the set may grow.
    package struct Code: Hashable, Sendable {
        private let name: String

        /// There is no archive at that place.
        package static let noArchive = Code(name: "noArchive")
        /// Another process has the archive open.
        package static let inUse = Code(name: "inUse")
        /// The folder, or its format, is not one this release can use.
        package static let unusable = Code(name: "unusable")
        /// No resource has that identifier.
        package static let notFound = Code(name: "notFound")
        /// Not DICOM, or a DICOMDIR: nothing to store.
        package static let notAnInstance = Code(name: "notAnInstance")
        /// DICOM, but broken or beyond a limit: not stored.
        package static let refused = Code(name: "refused")
        /// No space is left.
        package static let noSpace = Code(name: "noSpace")
        /// Stored bytes are damaged.
        package static let damaged = Code(name: "damaged")
        /// The pixels of an image, as they were received, cannot be decoded.
        package static let undecodable = Code(name: "undecodable")
        /// Anything else.
        package static let io = Code(name: "io")
    }

    /// What kind of failure.
    package let code: Code
    /// A sentence that names the object and says what to do.
    package let description: String

    /// An error with a sentence of its own.
    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    /// Any error thrown beneath the archive, as the archive's.
    package init(_ error: any Error) {
        switch error {
        case let error as ArchiveError: self = error
        case let error as StoreError:
            let code: Code =
                switch error.code {
                case .noSpace: .noSpace
                case .damaged: .damaged
                case .unusable: .unusable
                default: .io
                }
            self.init(code, error.description)
        case is RecordError: self.init(.damaged, "\(error); run dicomfs verify")
        default: self.init(.io, "\(error)")
        }
    }
}
