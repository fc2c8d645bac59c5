/// Why bytes could not be taken as a DICOM data set or file.
package struct DICOMError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure; new kinds may be added, so a switch over codes needs a default.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The kind in a word or two.
        package let description: String

        /// The data ends before an element, item or compressed stream does.
        package static let truncated = Code(description: "truncated")
        /// The bytes do not follow the structure of a data set.
        package static let malformed = Code(description: "malformed")
        /// Sequences are nested deeper than the limit.
        package static let tooDeep = Code(description: "too deep")
        /// The header, or the inflated data set, is larger than the limit.
        package static let tooLarge = Code(description: "too large")
        /// A deflated data set cannot be inflated.
        package static let notInflatable = Code(description: "not inflatable")
        /// A value that identifies the instance is absent or empty.
        package static let missingIdentifier = Code(description: "missing identifier")
        /// A value that identifies the instance cannot be used.
        package static let badIdentifier = Code(description: "bad identifier")
    }

    /// The kind of failure.
    package let code: Code
    /// A sentence that names the element and the place.
    package let message: String
    /// What led to it, when something else did.
    package let cause: (any Error)?

    /// An error of this kind.
    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// The sentence, and the cause after it.
    package var description: String {
        cause.map { "\(message) (\($0))" } ?? message
    }
}
