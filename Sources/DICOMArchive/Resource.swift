import ContentStore
package import DICOM

/// A patient, study, series or instance as commands show it.
package struct Resource: Sendable {
    /// Its level.
    package var level = Level.patient
    /// Its identifier.
    package var id = OrthancIdentifier()
    /// The identifier of what it is a member of; nil for patients.
    package var parent: OrthancIdentifier?
    /// Its directory, or its `.dcm` file.
    package var node = NodeID.root
    /// Where it is in the mounted tree, relative to the root; of an instance, the `.dcm` file.
    package var path = ""
    /// Its main tags, decoded.
    package var attributes: [Attribute] = []
    /// Nanoseconds since 1970: of an instance its reception, else when a member last came or went.
    package var modified: UInt64 = 0
    /// Of an instance.
    package var file: File?

    /// What only an instance has.
    package struct File: Sendable {
        /// Bytes of the Part 10 file.
        package var size: UInt64
        /// The UID of its transfer syntax.
        package var transferSyntaxUID: String
        /// How many versions are kept.
        package var versions: Int
        /// Who brought it.
        package var sender: Sender
        /// SHA-256 of its data set's layout and bytes; equal for equal data sets.
        package var dataSetDigest: String
    }
}

extension Archive {
    /// Calls `body` with the resources of a level, members of one directory together, until it returns false.
    ///
    /// - Parameter ancestor: only those that belong to this resource (or are it); nil for all.
    package func resources(
        _ level: Level, under ancestor: Resource? = nil, _ body: (Resource) throws -> Bool
    ) throws(ArchiveError) {
        do {
            if let ancestor, ancestor.level >= level {
                if ancestor.level == level { _ = try body(ancestor) }
                return
            }
            var start = Resource()
            if let ancestor { start = ancestor }
            _ = try walk(start, isRoot: ancestor == nil, to: level, body)
        } catch {
            throw ArchiveError(error)
        }
    }

    /// The resource that a text names: an Orthanc identifier with or without dashes, or at least its first ten digits,
    /// as file names end with them.
    package func resource(named text: String) throws(ArchiveError) -> Resource {
        let digits = text.lowercased().filter { $0 != "-" }
        guard (10...40).contains(digits.utf8.count), digits.allSatisfy({ $0.isHexDigit && $0.isASCII }),
            let prefix = UInt64(digits.prefix(10), radix: 16)
        else {
            throw ArchiveError(
                .notFound,
                "\(text) is no identifier: give 40 hex digits, with or without dashes, or at least the first 10")
        }
        var found: [Resource] = []
        do {
            for level in Level.allCases {
                let range = IndexKey.range(like: NodeID(level.nodeKind, prefix << NodeID.freeBits), IndexKey.node)
                try store.engine.scan(.index, from: range.from, upTo: range.upTo) { key, value in
                    let row = try NodeRow(value)
                    let node = try IndexKey.lastNode(key)
                    if row.version <= 1, row.id.hex40.hasPrefix(digits) {
                        if let resource = try resource(node, row, path: nil) { found.append(resource) }
                    }
                    return true
                }
            }
        } catch {
            throw ArchiveError(error)
        }
        guard let first = found.first else {
            throw ArchiveError(.notFound, "nothing in the archive has the identifier \(text)")
        }
        guard found.count == 1 else {
            throw ArchiveError(.notFound, "\(found.count) resources begin with \(text); give more digits")
        }
        return first
    }

    /// - Returns: false when `body` did.
    private func walk(
        _ parent: Resource, isRoot: Bool, to level: Level, _ body: (Resource) throws -> Bool
    ) throws -> Bool {
        var goOn = true
        try entries(of: isRoot ? .root : parent.node) { node, entry in
            // Levels go down only: damaged rows could name each other as parents.
            guard let row = try nodeRow(node), isRoot || row.level > parent.level else { return true }
            let path = isRoot ? entry.name : "\(parent.path)/\(entry.name)"
            guard let resource = try resource(node, row, entry: entry, parent: isRoot ? nil : parent.id, path: path)
            else { return true }
            goOn =
                row.level == level
                ? try body(resource) : try walk(resource, isRoot: false, to: level, body)
            return goOn
        }
        return goOn
    }

    private func resource(_ node: NodeID, _ row: NodeRow, path: String?) throws -> Resource? {
        guard let entry = try entry(of: node, in: row.parent), let path = try self.path(of: node) else { return nil }
        let parent = row.parent == .root ? nil : try nodeRow(row.parent)?.id
        return try resource(node, row, entry: entry, parent: parent, path: path)
    }

    private func resource(
        _ node: NodeID, _ row: NodeRow, entry: EntryRow, parent: OrthancIdentifier?, path: String
    ) throws -> Resource? {
        var resource = Resource()
        resource.level = row.level
        resource.id = row.id
        resource.parent = parent
        resource.node = node
        resource.path = path
        resource.attributes = row.attributes
        resource.modified = entry.modified
        guard row.level == .instance else { return resource }
        guard let recipe = try recipe(row.reference) else { return nil }
        resource.path += ".dcm"
        resource.attributes.insert(
            contentsOf: [
                Attribute(tag: .sopClassUID, value: recipe.identity.sopClassUID),
                Attribute(tag: .sopInstanceUID, value: recipe.identity.sopInstanceUID),
            ], at: 0)
        var versions = row.version
        while try store.engine.row(.recipe, row.reference.key(version: versions + 1)) != nil { versions += 1 }
        resource.file = Resource.File(
            size: entry.size, transferSyntaxUID: recipe.transferSyntaxUID, versions: versions, sender: recipe.sender,
            dataSetDigest: "\(recipe.dataSetDigest)")
        return resource
    }
}
