package import DICOM
package import DICOMNetwork

/// Why the identifier of a C-FIND, C-MOVE or C-GET request cannot be answered (PS3.4 sections C.4.1.1.4 and C.4.2.1.5).
package struct IdentifierError: Error, Sendable {
    /// The status of the response: A900 or C000.
    package let status: DIMSEStatus
    /// The elements that it is about, for Offending Element (0000,0901).
    package let offendingElements: [Tag]
    /// A few words for Error Comment (0000,0902): 64 characters at most.
    package let comment: String

    init(_ status: DIMSEStatus, _ elements: [Tag] = [], _ comment: String) {
        self.status = status
        offendingElements = elements
        self.comment = String(comment.prefix(64))
    }

    /// A900: the identifier is not one of that information model.
    static func doesNotMatch(_ tag: Tag, _ comment: String) -> IdentifierError {
        IdentifierError(.dataSetDoesNotMatch, [tag], comment)
    }

    /// C000: the identifier cannot be read, or is more than an honest one.
    static func unreadable(_ tags: [Tag] = [], _ comment: String) -> IdentifierError {
        IdentifierError(.cannotUnderstand, tags, comment)
    }
}
