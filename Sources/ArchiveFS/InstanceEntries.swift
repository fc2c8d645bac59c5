import DICOMArchive
import FUSE

/// The directory entries that one instance has: `.frames`, `.dcm` and `.png`, as far as they apply.
struct InstanceEntries {
    private let node: NodeID
    private let entry: EntryRow

    /// The entries of the instance with this `.dcm` node.
    init(_ node: NodeID, _ entry: EntryRow) {
        self.node = node
        self.entry = entry
    }

    /// The kinds and the ends of their names, in the order of listings. Part of directory cookies: the order stays.
    static let kinds: [(kind: NodeID.Kind, suffix: String)] = [(.frames, ".frames"), (.dicom, ".dcm"), (.png, ".png")]

    /// The attributes of its entry with this node; nil when it has none of that kind.
    func attributes(of node: NodeID) -> Attributes? {
        switch node.kind {
        case .dicom:
            Attributes(node: node.rawValue, isDirectory: false, size: entry.size, modified: entry.modified)
        case .png where entry.pngSize > 0: Self.image(node, entry)
        case .frames where entry.frames > 0:
            Attributes(node: node.rawValue, isDirectory: true, modified: entry.modified)
        default: nil
        }
    }

    /// The attributes of an image of the instance with this entry: its `.png`, or that of a frame.
    static func image(_ node: NodeID, _ entry: EntryRow) -> Attributes {
        Attributes(node: node.rawValue, isDirectory: false, size: entry.pngSize, modified: entry.imageModified)
    }

    /// Its names, for all kinds.
    var names: [(kind: NodeID.Kind, name: String)] { Self.kinds.map { ($0.kind, entry.name + $0.suffix) } }

    /// The instance's name and the kind of entry that a file name stands for.
    static func split(_ name: String) -> (stem: String, kind: NodeID.Kind)? {
        for (kind, suffix) in kinds where name.hasSuffix(suffix) { return (String(name.dropLast(suffix.count)), kind) }
        return nil
    }

    /// The instance's name and the number in `<instance>.v2.dcm`, and in no other form. These names can be looked up but
    /// are not listed; version 1 has the plain name.
    static func version(_ name: String) -> (stem: String, number: Int)? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[2] == "dcm", parts[1].first == "v", let number = Int(parts[1].dropFirst()),
            number >= 2, parts[1] == "v\(number)"
        else { return nil }
        return (String(parts[0]), number)
    }

    /// The name of a frame's image: at least four digits, so that names sort as frames do.
    static func frameName(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits + ".png"
    }

    /// The number in such a name, and in no other.
    static func frameNumber(_ name: String) -> Int? {
        guard name.hasSuffix(".png"), let number = Int(name.dropLast(4)), frameName(number) == name else { return nil }
        return number
    }
}
