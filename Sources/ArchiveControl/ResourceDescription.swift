import DICOMArchive

/// A resource as commands print it.
package struct ResourceDescription: Codable, Sendable {
    /// Its level's name.
    package var level: String
    /// Its identifier, in five groups of eight hex digits.
    package var id: String
    /// That of what it is a member of.
    package var parent: String?
    /// Where it is in the mounted tree.
    package var path: String
    /// Seconds since 1970, with fraction.
    package var modified: Double
    /// Its main tags: keyword (PS3.6) and decoded value, in the order of tags.
    package var tags: [Tag]
    /// Of an instance.
    package var file: File?

    /// A main tag and its value.
    package struct Tag: Codable, Sendable {
        package var keyword: String
        package var value: String
    }

    /// What only an instance has.
    package struct File: Codable, Sendable {
        package var size: UInt64
        package var transferSyntax: String
        package var versions: Int
        package var receivedFrom: String
        package var dataSetDigest: String
    }

    init(_ resource: Resource) {
        level = resource.level.name
        id = "\(resource.id)"
        parent = resource.parent.map { "\($0)" }
        path = resource.path
        modified = Double(resource.modified) / 1e9
        tags = resource.attributes.sorted { $0.tag < $1.tag }.map {
            Tag(keyword: $0.keyword, value: $0.value)
        }
        file = resource.file.map {
            File(
                size: $0.size, transferSyntax: $0.transferSyntaxUID, versions: $0.versions,
                receivedFrom: $0.sender.kind == .store ? "\($0.sender.callingAETitle)@\($0.sender.host)" : "import",
                dataSetDigest: $0.dataSetDigest)
        }
    }
}
