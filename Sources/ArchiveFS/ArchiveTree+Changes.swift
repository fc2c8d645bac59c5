import DICOMArchive

/// Where a change of the archive shows in the tree and in its views.
extension ArchiveTree {
    /// The directories whose listings or times a change is in: the one of the tree first.
    func directories(of change: TreeChange) -> [NodeID] {
        let (node, parent, names) = parts(of: change)
        guard options.views != .off else { return [parent] }
        switch node.kind {
        case .study:
            // One that is gone again is announced as such.
            guard let names = names ?? (try? archive.viewNames(node)) else { return [parent, .byStudy, .byUID] }
            return [parent, .byStudy, .byUID] + Self.directories(of: names.date)
        case .series: return directories(like: parent)
        case .dicom:
            let (outer, inner) = IDPart.of(node)
            return directories(like: parent) + [inner.node, outer.node, .byID]
        default: return [parent]
        }
    }

    /// A directory of the tree, and those of the views that show the same.
    func directories(like original: NodeID) -> [NodeID] {
        options.views == .off
            ? [original]
            : [original] + View.allCases.map { original.seen(in: $0) }.filter { $0 != original }
    }

    /// Where what was removed was, and under which name; of an instance, without extension.
    func places(of change: TreeChange) -> [(directory: NodeID, name: String)] {
        let (node, parent, names) = parts(of: change)
        let name = change.entry.name
        guard let names, options.views != .off else { return [(parent, name)] }
        switch node.kind {
        case .study:
            let day = names.date.map { DatePart($0).node } ?? .unknownDate
            return [(parent, name), (.byStudy, name), (.byUID, names.uid), (day, name)]
        case .series: return directories(like: parent).map { ($0, $0.view == .uid ? names.uid : name) }
        case .dicom:
            return directories(like: parent).map { ($0, $0.view == .uid ? names.uid : name) }
                + [(IDPart.of(node).inner.node, names.id)]
        default: return [(parent, name)]
        }
    }

    /// Those of some directories that are there only as long as something is in them, and are no more.
    func emptied(among directories: [NodeID]) -> [(directory: NodeID, name: String, above: NodeID)] {
        directories.compactMap { directory in
            guard let name = DatePart(directory)?.name ?? IDPart(directory)?.name, (try? exists(directory)) == false,
                let above = try? parent(of: directory)
            else { return nil }
            return (directory, name, above)
        }
    }

    private func parts(of change: TreeChange) -> (node: NodeID, parent: NodeID, names: ViewNames?) {
        switch change {
        case .added(let node, let parent, _): (node, parent, nil)
        case .removed(let node, let parent, _, let names): (node, parent, names)
        }
    }
}
