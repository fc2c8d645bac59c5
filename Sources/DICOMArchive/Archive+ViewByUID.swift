import ContentStore
import DICOM

/// What is behind the names in `.views/by-uid`.
extension Archive {
    /// The study with a name in by-uid.
    package func study(uid name: String) throws(ArchiveError) -> NodeID? {
        if let found = try suffixed(name, .study) { return found.node }
        var found: NodeID?
        do {
            let prefix = IndexKey.lookUpPrefix(.uidName, name)
            try store.engine.scan(.index, from: prefix, upTo: prefix.successor) { key, _ in
                let node = try IndexKey.lastNode(key)
                if let row = try nodeRow(node), ViewNames(row).uid.utf8.elementsEqual(name.utf8) { found = node }
                return found == nil
            }
        } catch {
            throw ArchiveError(error)
        }
        return found
    }

    /// The series or instance with a name in by-uid, the latter without extension, in a study or series.
    ///
    /// A UID is hashed to the identifier it would have there: however often it is used elsewhere, this is one read.
    package func member(uid name: String, _ level: Level, in parent: NodeID) throws(ArchiveError) -> NodeID? {
        if let found = try suffixed(name, level) { return found.row.parent == parent ? found.node : nil }
        guard let identity = try identity(of: parent) else { return nil }
        let id: OrthancIdentifier =
            level == .series
            ? .series(identity.patientID, identity.studyInstanceUID, name)
            : .instance(identity.patientID, identity.studyInstanceUID, identity.seriesInstanceUID, name)
        do {
            guard let found = try CommitPlan(engine: store.engine).node(of: id, level), found.row.parent == parent,
                ViewNames.name(name, id).utf8.elementsEqual(name.utf8)
            else { return nil }
            return found.node
        } catch {
            throw ArchiveError(error)
        }
    }

    /// The resource whose name in by-uid is a UID made safe, and its identifier.
    private func suffixed(
        _ name: String, _ level: Level
    ) throws(ArchiveError) -> (node: NodeID, row: NodeRow)? {
        guard name.utf8.count > 41, name.utf8.suffix(41).first == UInt8(ascii: "_"),
            let id = OrthancIdentifier(String(name.suffix(40)))
        else { return nil }
        do {
            guard let found = try CommitPlan(engine: store.engine).node(of: id, level),
                try viewNames(found.node)?.uid.utf8.elementsEqual(name.utf8) == true
            else { return nil }
            return found
        } catch {
            throw ArchiveError(error)
        }
    }

    /// What identifies a study or series.
    private func identity(of node: NodeID) throws(ArchiveError) -> Recipe.Identity? {
        var identity = Recipe.Identity()
        var node = node
        var isKnown = false
        while let row = try nodeRow(node), row.level < .instance {
            func value(_ tag: Tag) -> String { row.attributes.first { $0.tag == tag }?.value ?? "" }
            switch row.level {
            case .series: identity.seriesInstanceUID = value(.seriesInstanceUID)
            case .study: identity.studyInstanceUID = value(.studyInstanceUID)
            default:
                identity.patientID = value(.patientID)
                isKnown = true
            }
            // Damaged rows may name each other as parents.
            guard !isKnown, row.parent < node else { break }
            node = row.parent
        }
        return isKnown ? identity : nil
    }
}
