import DICOMArchive
import FUSE

/// The directory entries that one instance has: `.frames`, `.dcm`, its picture or document, and `.json`, as far as they apply.
struct InstanceEntries {
    /// One kind of entry.
    struct Kind {
        /// The nodes of such entries.
        var node: NodeID.Kind
        /// The ends of their names; of a document the one that its kind has.
        var suffixes: [String]
        /// The option that lists them.
        var file: TreeOptions.File
        /// Part of directory cookies: stays. An instance has a picture or a document, so these share one.
        var place: Int
    }

    /// In the order of listings.
    static let kinds: [Kind] = [
        Kind(node: .frames, suffixes: [".frames"], file: .png, place: 0),
        Kind(node: .dicom, suffixes: [".dcm"], file: .dcm, place: 1),
        Kind(node: .png, suffixes: [".png"], file: .png, place: 2),
        Kind(node: .document, suffixes: DocumentKind.allCases.map(\.suffix), file: .document, place: 2),
        Kind(node: .json, suffixes: [".json"], file: .json, place: 3),
    ]

    /// The row that all are made of.
    let row: EntryRow
    /// What the mount shows of pictures.
    let images: TreeOptions.Images

    /// The names of all entries of an instance that a directory has under this name.
    static func names(_ stem: String, _ row: EntryRow) -> [String] {
        kinds.flatMap { kind in
            kind.node == .document ? row.document.map { [$0.kind.suffix] } ?? [] : kind.suffixes
        }.map { stem + $0 }
    }

    /// The end of the name of an entry of this kind, if there is such an entry.
    func suffix(_ kind: Kind) -> String? {
        kind.node == .document ? row.document?.kind.suffix : kind.suffixes.first
    }

    /// The attributes of the entry with this node, which may be a view's; nil when there is none of that kind. Of
    /// `.json` without its size, which the row does not have.
    func attributes(of node: NodeID) -> Attributes? {
        switch node.original.kind {
        case .dicom: Attributes(node: node.rawValue, isDirectory: false, size: row.size, modified: row.modified)
        case .png, .frame: image(node)
        case .json: Attributes(node: node.rawValue, isDirectory: false, modified: row.jsonModified)
        // What has pixels that can be shown has no document: both have the same place in listings.
        case .document where row.pngSize == 0:
            row.document.map {
                Attributes(node: node.rawValue, isDirectory: false, size: $0.size, modified: row.modified)
            }
        case .frames where row.frames > 0 && image(node) != nil:
            Attributes(node: node.rawValue, isDirectory: true, modified: row.modified)
        default: nil
        }
    }

    /// The attributes of an image of the instance: its `.png`, or that of a frame; nil when the mount shows none.
    private func image(_ node: NodeID) -> Attributes? {
        let size =
            switch images {
            case .display: row.pngSize
            case .raw16: row.rawSize
            case .off: UInt64(0)
            }
        guard size > 0 else { return nil }
        return Attributes(node: node.rawValue, isDirectory: false, size: size, modified: row.imageModified)
    }

    /// The instance's name, the kind of entry that a file name stands for, and the end that says so.
    static func split(_ name: String) -> (stem: String, kind: Kind, suffix: String)? {
        guard let dot = name.lastIndex(of: ".") else { return nil }
        let suffix = String(name[dot...])
        return kinds.first { $0.suffixes.contains(suffix) }.map { (String(name[..<dot]), $0, suffix) }
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
