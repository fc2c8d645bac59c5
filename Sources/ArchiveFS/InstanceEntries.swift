import DICOMArchive
import FUSE

/// The directory entries that one instance has: `.frames`, `.dcm`, `.png` and `.json`, as far as they apply.
struct InstanceEntries {
    /// The kinds and the ends of their names, in the order of listings. Part of directory cookies: the order stays.
    static let kinds: [(kind: NodeID.Kind, suffix: String, file: TreeOptions.File)] = [
        (.frames, ".frames", .png), (.dicom, ".dcm", .dcm), (.png, ".png", .png), (.json, ".json", .json),
    ]

    /// The names of all entries of an instance that a directory has under this name.
    static func names(_ stem: String) -> [String] { kinds.map { stem + $0.suffix } }

    /// The attributes of the entry with this node, which may be a view's; nil when there is none of that kind. Of
    /// `.json` without its size, which the row does not have.
    static func attributes(of node: NodeID, _ entry: EntryRow) -> Attributes? {
        switch node.original.kind {
        case .dicom:
            Attributes(node: node.rawValue, isDirectory: false, size: entry.size, modified: entry.modified)
        case .png where entry.pngSize > 0: image(node, entry)
        case .json: Attributes(node: node.rawValue, isDirectory: false, modified: entry.jsonModified)
        case .frames where entry.frames > 0:
            Attributes(node: node.rawValue, isDirectory: true, modified: entry.modified)
        default: nil
        }
    }

    /// The attributes of an image of the instance with this entry: its `.png`, or that of a frame.
    static func image(_ node: NodeID, _ entry: EntryRow) -> Attributes {
        Attributes(node: node.rawValue, isDirectory: false, size: entry.pngSize, modified: entry.imageModified)
    }

    /// The instance's name and the kind of entry that a file name stands for.
    static func split(_ name: String) -> (stem: String, kind: NodeID.Kind)? {
        for (kind, suffix, _) in kinds where name.hasSuffix(suffix) {
            return (String(name.dropLast(suffix.count)), kind)
        }
        return nil
    }

    /// The instance's name and the number in `<instance>.v2.dcm`, and in no other form. These names can be looked up but
    /// are not listed; version 1 has the plain name. No name of an instance ends so: a UID has digits and dots only, or
    /// the digits of its identifier at the end.
    static func version(_ name: String) -> (stem: String, number: Int)? {
        guard name.hasSuffix(".dcm"), let dot = name.dropLast(4).lastIndex(of: ".") else { return nil }
        let part = name.dropLast(4)[dot...].dropFirst()
        guard part.first == "v", let number = Int(part.dropFirst()), number >= 2, part == "v\(number)" else {
            return nil
        }
        return (String(name[..<dot]), number)
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
