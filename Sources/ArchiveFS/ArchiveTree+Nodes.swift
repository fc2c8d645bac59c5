import DICOMArchive
import FUSE

extension ArchiveTree {
    /// The entry with a name in a directory; nil when there is none.
    func find(_ name: String, in parent: NodeID) throws -> Attributes? {
        // NFS asks for these, to find a node by its handle. Nothing is kept then: the kernel takes no lock of a directory,
        // and a notification could come before the answer.
        if name == "." { return try attributes(of: parent)?.unkept }
        if name == ".." { return try archive.parent(of: parent).flatMap { try attributes(of: $0)?.unkept } }
        switch parent.kind {
        case .fixed where parent == .root: return try directory(named: name, .patient, in: parent)
        case .patient: return try directory(named: name, .study, in: parent)
        case .study: return try directory(named: name, .series, in: parent)
        case .series: return try instanceEntry(named: name, in: parent)
        case .frames: return try frame(named: name, in: parent)
        default: return nil
        }
    }

    /// A node's attributes; nil when there is no such node.
    func attributes(of node: NodeID) throws -> Attributes? {
        held.hold(node)
        switch node.kind {
        case .fixed:
            guard node == .root else { return nil }
            return Attributes(node: node.rawValue, isDirectory: true, modified: try archive.rootModified())
        case .patient, .study, .series:
            guard let parent = try archive.parent(of: node), let entry = try archive.entry(of: node, in: parent) else {
                return nil
            }
            return Attributes(node: node.rawValue, isDirectory: true, modified: entry.modified)
        case .dicom, .png, .frames:
            guard let entry = try instance(of: node) else {
                return node.kind == .dicom ? try version(nil, of: node) : nil
            }
            return InstanceEntries(node, entry).attributes(of: node)
        case .frame:
            guard let entry = try archive.entry(ofFrame: node), node.frame.number <= entry.frames else { return nil }
            return InstanceEntries.image(node, entry)
        default: return nil
        }
    }

    /// The entry of the instance that a `.dcm`, `.png` or `.frames` node belongs to.
    func instance(of node: NodeID) throws -> EntryRow? {
        guard let parent = try archive.parent(of: node) else { return nil }
        return try archive.entry(of: node.of(.dicom), in: parent)
    }

    private func directory(named name: String, _ kind: NodeID.Kind, in parent: NodeID) throws -> Attributes? {
        guard let (node, _) = try archive.entry(named: name, kind: kind, in: parent) else { return nil }
        return try attributes(of: node)
    }

    private func instanceEntry(named name: String, in series: NodeID) throws -> Attributes? {
        if let (stem, number) = InstanceEntries.version(name) {
            guard let (node, _) = try archive.entry(named: stem, kind: .dicom, in: series) else { return nil }
            return try version(number, of: node)
        }
        guard let (stem, kind) = InstanceEntries.split(name),
            let (node, entry) = try archive.entry(named: stem, kind: .dicom, in: series)
        else { return nil }
        return InstanceEntries(node, entry).attributes(of: node.of(kind))
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
        return InstanceEntries.image(NodeID.frame(ordinal: entry.frameOrdinal, number: number), entry)
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
