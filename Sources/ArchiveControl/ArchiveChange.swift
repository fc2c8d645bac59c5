import DICOMArchive

/// What became of a resource, as it goes over the control socket: `ArchiveEvent`.
package struct ArchiveChange: Codable, Sendable {
    /// `stored`, `newVersion` or `deleted`.
    package var event: String
    /// Its level's name.
    package var level: String
    /// Its identifier, in five groups of eight hex digits.
    package var id: String
    /// Where it is, or was, in the mounted tree.
    package var path: String
    /// Of an instance: bytes.
    package var size: UInt64?
    /// Of a new version: its number.
    package var version: Int?

    init(_ event: ArchiveEvent) {
        self.event = event.kind.rawValue
        level = event.level.name
        id = "\(event.id)"
        path = event.path
        size = event.size
        version = event.version
    }
}
