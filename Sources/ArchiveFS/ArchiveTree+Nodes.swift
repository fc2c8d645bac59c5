import DICOMArchive
import FUSE

extension ArchiveTree {
    /// The entry with a name in a directory; nil when there is none.
    func find(_ name: String, in parent: NodeID) throws -> Attributes? {
        // NFS asks for these, to find a node by its handle. Nothing is kept then: the kernel takes no lock of a directory,
        // and a notification could come before the answer.
        if name == "." { return try attributes(of: parent)?.unkept }
        if name == ".." { return try self.parent(of: parent).flatMap { try attributes(of: $0)?.unkept } }
        if !has(parent) { return nil }
        let found: NodeID?
        switch parent.original.kind {
        case .fixed where parent == .root && name == Self.viewsName: found = .views
        case .fixed where parent == .root: found = try archive.entry(named: name, kind: .patient, in: parent)?.node
        case .patient: found = try archive.entry(named: name, kind: .study, in: parent)?.node
        case .study: found = try series(named: name, in: parent)
        case .series: return try instanceEntry(named: name, in: parent)
        case .frames: return try frame(named: name, in: parent)
        case .idPart where IDPart(parent)?.second != nil: return try instanceEntry(named: name, in: parent)
        default: found = try childOfView(named: name, in: parent)
        }
        return try found.flatMap { try attributes(of: $0) }
    }

    /// A node's attributes; nil when there is no such node.
    func attributes(of node: NodeID) throws -> Attributes? {
        held.hold(node)
        guard has(node) else { return nil }
        switch node.original.kind {
        case .fixed where node == .root:
            return Attributes(node: node.rawValue, isDirectory: true, modified: try archive.rootModified())
        case .fixed, .datePart, .idPart:
            guard try exists(node) else { return nil }
            // Not kept anywhere: later than any change there was, which is all that those who compare times need.
            return Attributes(node: node.rawValue, isDirectory: true, modified: archive.lastChange)
        case .patient, .study, .series:
            let original = node.original
            guard let parent = try archive.parent(of: original), let entry = try archive.entry(of: original, in: parent)
            else { return nil }
            return Attributes(node: node.rawValue, isDirectory: true, modified: entry.modified)
        case .dicom, .png, .json, .frames, .document:
            guard let entry = try instance(of: node) else {
                return node.kind == .dicom ? try version(nil, of: node) : nil
            }
            return try attributes(of: node, entry)
        case .frame:
            guard let entry = try archive.entry(ofFrame: node), node.frame.number > 0, node.frame.number <= entry.frames
            else { return nil }
            return InstanceEntries(row: entry, images: options.images).attributes(of: node)
        default: return nil
        }
    }

    /// The directory that a node is in; nil when there is none.
    func parent(of node: NodeID) throws -> NodeID? {
        switch node.kind {
        case .fixed:
            switch node {
            case .views: return .root
            case .byStudy, .byDate, .byUID, .byID: return .views
            case .unknownDate: return .byDate
            default: return nil
            }
        case .byStudyStudy: return .byStudy
        case .byUIDStudy: return .byUID
        case .byDateStudy:
            return try archive.viewNames(node.original).map { $0.date.map { DatePart($0).node } ?? .unknownDate }
        case .byIDFrames: return IDPart.of(node).inner.node
        case .datePart: return DatePart(node).map { $0.whole?.node ?? .byDate }
        case .idPart: return IDPart(node).map { $0.whole?.node ?? .byID }
        default: return try archive.parent(of: node.original)?.seen(in: node.view)
        }
    }

    /// The entry of the instance that a `.dcm`, `.png`, `.json`, `.frames` or document's node belongs to.
    func instance(of node: NodeID) throws -> EntryRow? {
        guard let parent = try archive.parent(of: node.original) else { return nil }
        return try archive.entry(of: node.of(.dicom), in: parent)
    }

    /// Whether the mount's options let there be such a node.
    private func has(_ node: NodeID) -> Bool {
        switch node.original.kind {
        case .png, .frame: options.images != .off
        case .frames: options.images != .off && (options.views != .off || !node.isOfViews)
        default: options.views != .off || !node.isOfViews
        }
    }

    private func series(named name: String, in study: NodeID) throws -> NodeID? {
        let found =
            study.view == .uid
            ? try archive.member(uid: name, .series, in: study.original)
            : try archive.entry(named: name, kind: .series, in: study.original)?.node
        return found?.seen(in: study.view)
    }

    private func instanceEntry(named name: String, in directory: NodeID) throws -> Attributes? {
        if let (stem, number) = InstanceEntries.version(name) {
            return try instance(named: stem, in: directory).flatMap { try version(number, of: $0) }
        }
        guard let (stem, kind, suffix) = InstanceEntries.split(name),
            let node = try instance(named: stem, in: directory)
        else { return nil }
        let found = node.of(kind.node).seen(in: directory.view)
        guard has(found), let entry = try instance(of: node),
            InstanceEntries(row: entry, images: options.images).suffix(kind) == suffix
        else { return nil }
        held.hold(found)
        return try attributes(of: found, entry)
    }

    /// The `.dcm` node of the instance that a directory has under a name, which is without extension.
    private func instance(named stem: String, in directory: NodeID) throws -> NodeID? {
        switch directory.view {
        case .uid: try archive.member(uid: stem, .instance, in: directory.original)
        case .id: try archive.instance(id: stem).flatMap { IDPart(directory)?.contains($0) == true ? $0 : nil }
        default: try archive.entry(named: stem, kind: .dicom, in: directory.original)?.node
        }
    }

    /// The attributes of an entry of the instance with this row.
    private func attributes(of node: NodeID, _ entry: EntryRow) throws -> Attributes? {
        guard node.kind == .json else {
            return InstanceEntries(row: entry, images: options.images).attributes(of: node)
        }
        // Made for its size, and kept for those who read it then.
        guard let json = try archive.json(node) else { return nil }
        return Attributes(
            node: node.rawValue, isDirectory: false, size: UInt64(json.count), modified: entry.jsonModified)
    }

    /// A version of an instance; nil stands for that of the node. Not kept: versions come and go unannounced.
    private func version(_ number: Int?, of node: NodeID) throws -> Attributes? {
        guard let version = try archive.version(number, ofInstance: node) else { return nil }
        let attributes = Attributes(
            node: version.node.rawValue, isDirectory: false, size: version.size, modified: version.modified)
        return attributes.unkept
    }

    private func frame(named name: String, in frames: NodeID) throws -> Attributes? {
        guard let entry = try instance(of: frames), let number = InstanceEntries.frameNumber(name),
            number >= 1, number <= entry.frames
        else { return nil }
        let node = NodeID.frame(ordinal: entry.frameOrdinal, number: number)
        return InstanceEntries(row: entry, images: options.images).attributes(of: node)
    }
}

extension Attributes {
    /// The same, to be asked for each time.
    fileprivate var unkept: Attributes {
        var attributes = self
        attributes.isKept = false
        return attributes
    }
}
