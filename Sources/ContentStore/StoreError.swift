/// A failure of the store of bytes beneath the archive.
package struct StoreError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure; the set may grow.
    package struct Code: Hashable, Sendable {
        private let name: String

        /// No space is left.
        package static let noSpace = Code(name: "noSpace")
        /// Stored bytes are damaged or gone.
        package static let damaged = Code(name: "damaged")
        /// The store cannot be opened as asked.
        package static let unusable = Code(name: "unusable")
        /// Reading or writing failed.
        package static let io = Code(name: "io")
    }

    /// What kind of failure.
    package let code: Code
    /// A sentence that names the object and what to do.
    package let description: String

    /// An error with a sentence of its own.
    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
