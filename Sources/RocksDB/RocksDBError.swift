import CRocksDB

/// A failure that RocksDB reported.
///
/// `description` is a sentence that names the database or what was asked of it; RocksDB's own words follow.
package struct RocksDBError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure; the set may grow.
    package struct Code: Hashable, Sendable {
        private let name: String

        /// The stored bytes do not match their checksum, or files are missing.
        package static let corruption = Code(name: "corruption")
        /// No space is left for a write.
        package static let noSpace = Code(name: "noSpace")
        /// Any other failure of the operating system's files.
        package static let io = Code(name: "io")
        /// The database cannot be opened with these options.
        package static let invalid = Code(name: "invalid")
        /// Anything else.
        package static let other = Code(name: "other")
    }

    /// What kind of failure.
    package let code: Code
    /// What was being done, as a clause: "read the recipe row".
    package let operation: String
    /// RocksDB's own status text.
    package let status: String

    package var description: String { "cannot \(operation): \(status)" }

    /// An error with RocksDB's status text, which tells the code.
    package init(operation: String, status: String) {
        self.operation = operation
        self.status = status
        self.code =
            if status.hasPrefix("Corruption") {
                .corruption
            } else if status.contains("No space left") || status.contains("Disk quota exceeded") {
                .noSpace
            } else if status.hasPrefix("IO error") {
                .io
            } else if status.hasPrefix("Invalid argument") {
                .invalid
            } else {
                .other
            }
    }
}

/// Calls a RocksDB function that reports failure through `char **errptr`, and throws what it reported.
func check<Result>(
    _ operation: @autoclosure () -> String,
    _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) throws(RocksDBError) -> Result {
    var message: UnsafeMutablePointer<CChar>?
    let result = body(&message)
    guard let message else { return result }
    defer { rocksdb_free(message) }
    throw RocksDBError(operation: operation(), status: String(cString: message))
}
