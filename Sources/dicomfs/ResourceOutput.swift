import ArchiveControl

/// A resource as `--json` prints it: its main tags by keyword beside the rest, all in one object.
struct ResourceJSON: Encodable {
    let resource: ResourceDescription

    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }

        init?(intValue: Int) { nil }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        func put(_ name: String, _ value: (some Encodable)?) throws {
            if let value { try container.encode(value, forKey: Key(stringValue: name)) }
        }
        try put("level", resource.level)
        try put("id", resource.id)
        try put("parent", resource.parent)
        try put("path", resource.path)
        try put("modified", resource.modified)
        for tag in resource.tags { try put(tag.keyword, tag.value) }
        try put("size", resource.file?.size)
        try put("transferSyntax", resource.file?.transferSyntax)
        try put("versions", resource.file?.versions)
        try put("receivedFrom", resource.file?.receivedFrom)
        try put("dataSetDigest", resource.file?.dataSetDigest)
    }
}
