/// Why a file system cannot be mounted, in a sentence that names the place and says what to do.
package struct MountError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure; the set may grow.
    package struct Code: Hashable, Sendable {
        private let name: String

        /// The mount point is missing, no directory, or not usable.
        package static let badMountPoint = Code(name: "badMountPoint")
        /// Something is mounted there that is not to be touched.
        package static let busy = Code(name: "busy")
        /// FUSE is not available to this user.
        package static let unavailable = Code(name: "unavailable")
        /// Anything else.
        package static let failed = Code(name: "failed")
    }

    /// What kind of failure.
    package let code: Code
    package let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
