import ContentStore
package import DICOM
import Imaging

/// Where an index row is: the first byte of its key.
enum IndexKey {
    /// node -> ``NodeRow``
    static func node(_ node: NodeID) -> [UInt8] { [1] + node.key }

    /// parent, child -> ``EntryRow``
    static func entry(_ parent: NodeID, _ child: NodeID) -> [UInt8] { [2] + parent.key + child.key }

    /// value, node -> nothing
    static func lookUp(_ kind: LookUp, _ value: String, _ node: NodeID) -> [UInt8] {
        lookUpPrefix(kind, value) + node.key
    }

    /// What all look-ups of a value begin with.
    static func lookUpPrefix(_ kind: LookUp, _ value: String) -> [UInt8] {
        [3, kind.rawValue] + value.utf8.prefix(255).filter { $0 != 0 } + [0]
    }

    /// frame ordinal -> the version that has it
    static func frameOrdinal(_ ordinal: UInt64) -> [UInt8] { [4] + ordinal.bigEndianBytes }

    /// The next frame ordinal.
    static let nextFrameOrdinal: [UInt8] = [5]

    /// Only while an index is made anew: that it is, and how far that has got.
    static let rebuild: [UInt8] = [0]

    /// Only while an index is made anew: a directory as it was before; the root by the level 0 and no identifier.
    static func kept(_ level: UInt8, _ id: [UInt8]) -> [UInt8] { [6, level] + id }

    /// The node in the last eight bytes of a key.
    static func lastNode(_ key: RawSpan) throws(RecordError) -> NodeID {
        NodeID(rawValue: try UInt64(bigEndianBytes: key, at: key.byteCount - 8))
    }
}

/// A value that resources are found by.
enum LookUp: UInt8 {
    case patientID = 1
    case studyInstanceUID = 2
    case seriesInstanceUID = 3
    case sopInstanceUID = 4
    case accessionNumber = 5
    case studyDate = 6
    /// The Study Instance UID of the one study that has it as its name in by-uid.
    case uidName = 7
}

/// An index row of one resource: what its node id stands for.
struct NodeRow: Sendable, Equatable {
    var level = Level.patient
    var id = OrthancIdentifier()
    /// The directory it is in.
    var parent = NodeID.root
    /// Of series and instances: the study's identifier.
    var study = OrthancIdentifier()
    /// Of instances: the series' identifier.
    var series = OrthancIdentifier()
    /// Of instances: which version.
    var version = 0
    /// Main tags of the resource, decoded.
    var attributes: [Attribute] = []
    /// Of studies: whether another study had its Study Instance UID as name in `.views/by-uid` when it was made.
    var sharesUID = false

    /// Of instances: the version's name.
    var reference: VersionReference {
        VersionReference(study: study, series: series, instance: id, version: version)
    }

    /// Of a directory: the values it is found by. An instance is found by its SOP Instance UID, which is in the recipe.
    var lookUps: [(LookUp, String)] {
        let kinds: [(LookUp, Tag)] =
            switch level {
            case .patient: [(.patientID, .patientID)]
            case .study:
                [
                    (.studyInstanceUID, .studyInstanceUID), (.accessionNumber, .accessionNumber),
                    (.studyDate, .studyDate),
                ]
            case .series: [(.seriesInstanceUID, .seriesInstanceUID)]
            case .instance: []
            }
        let found = kinds.compactMap { kind, tag in
            attributes.first { $0.tag == tag && !$0.value.isEmpty }.map { (kind, $0.value) }
        }
        return found + found.filter { $0.0 == .studyInstanceUID && !sharesUID }.map { (.uidName, $0.1) }
    }

    var encoded: [UInt8] {
        var writer = RecordWriter()
        writer.number(1, Int(level.rawValue))
        writer.bytes(2, id.array)
        writer.number(3, parent.rawValue)
        if level >= .series { writer.bytes(4, study.array) }
        if level == .instance { writer.bytes(5, series.array) }
        writer.number(6, version)
        for attribute in attributes {
            writer.record(7) {
                $0.number(1, UInt64(attribute.tag.rawValue))
                $0.string(2, attribute.value)
            }
        }
        writer.number(8, sharesUID ? 1 : 0)
        return writer.bytes
    }

    init(level: Level, id: OrthancIdentifier, parent: NodeID) {
        self.level = level
        self.id = id
        self.parent = parent
    }

    init(_ bytes: RawSpan) throws(RecordError) {
        var reader = RecordReader(bytes)
        while let field = try reader.next() {
            switch field {
            case 1:
                guard let level = Level(rawValue: UInt8(truncatingIfNeeded: reader.number)) else { throw RecordError() }
                self.level = level
            case 2: id = try OrthancIdentifier(record: reader.value)
            case 3: parent = NodeID(rawValue: reader.number)
            case 4: study = try OrthancIdentifier(record: reader.value)
            case 5: series = try OrthancIdentifier(record: reader.value)
            case 6: version = try reader.number32()
            case 7: attributes.append(try Attribute(reader.value))
            case 8: sharesUID = reader.number != 0
            default: break
            }
        }
    }
}

/// A main tag of a resource and its decoded value; several values are joined by `\`.
package struct Attribute: Hashable, Sendable {
    /// Which.
    package var tag: Tag
    /// As text.
    package var value: String

    package init(tag: Tag, value: String) {
        self.tag = tag
        self.value = value
    }

    fileprivate init(_ bytes: RawSpan) throws(RecordError) {
        var reader = RecordReader(bytes)
        tag = Tag(rawValue: 0)
        value = ""
        while let field = try reader.next() {
            switch field {
            case 1: tag = Tag(rawValue: UInt32(truncatingIfNeeded: reader.number))
            case 2: value = reader.string
            default: break
            }
        }
    }
}

/// What a directory says of a child: all that READDIRPLUS needs. An instance's row stands for its `.dcm`, `.png`, `.json` and
/// `.frames` entries, and its document's.
package struct EntryRow: Hashable, Sendable {
    /// The name; of an instance, without extension.
    package var name = ""
    /// Nanoseconds since 1970-01-01 UTC: of a directory when a child last came or went, of an instance its reception.
    package var modified: UInt64 = 0
    /// Of an instance: bytes of the `.dcm`.
    package var size: UInt64 = 0
    /// Of an instance: bytes of the `.png`; 0 when it has none.
    package var pngSize: UInt64 = 0
    /// Of an instance: bytes of the `.png` of stored values; 0 when it has none.
    package var rawSize: UInt64 = 0
    /// Of an instance: the document or video within it, and its bytes.
    package var document: Recipe.Document?
    /// Of a multi-frame instance: how many frame images; else 0.
    package var frames = 0
    /// Of a multi-frame instance: what its frames' node ids are made of.
    package var frameOrdinal: UInt64 = 0

    package init() {}

    /// Nanoseconds since 1970-01-01 UTC of an instance's images: those of a renderer that makes other bytes have another
    /// time, since their size is the same. Milliseconds later, and not seconds: a time to come is one that programs show otherwise.
    package var imageModified: UInt64 { modified &+ UInt64(Renderer.epoch - 1) * 1_000_000 }

    /// Nanoseconds since 1970-01-01 UTC of an instance's JSON: that of other text has another time.
    package var jsonModified: UInt64 { modified &+ UInt64(DataSetHeader.jsonEpoch - 1) * 1_000_000 }

    /// As the first release with this format wrote it: without pictures of stored values.
    var ofFirstRelease: EntryRow {
        var entry = self
        entry.rawSize = 0
        return entry
    }

    var encoded: [UInt8] {
        var writer = RecordWriter()
        writer.string(1, name)
        writer.fixed(2, modified)
        writer.number(3, size)
        writer.number(4, pngSize)
        writer.number(5, frames)
        writer.number(6, frameOrdinal)
        writer.number(7, rawSize)
        if let document {
            writer.number(8, Int(document.kind.rawValue))
            writer.number(9, document.size)
        }
        return writer.bytes
    }

    init(_ bytes: RawSpan) throws(RecordError) {
        var reader = RecordReader(bytes)
        var kind: DocumentKind?
        var documentSize: UInt64 = 0
        while let field = try reader.next() {
            switch field {
            case 1: name = reader.string
            case 2: modified = reader.number
            case 3: size = reader.number
            case 4: pngSize = reader.number
            case 5: frames = try reader.integer()
            case 6: frameOrdinal = reader.number
            case 7: rawSize = reader.number
            case 8: kind = DocumentKind(rawValue: UInt8(truncatingIfNeeded: reader.number))
            case 9: documentSize = reader.number
            default: break
            }
        }
        document = kind.map { Recipe.Document(kind: $0, size: documentSize) }
    }
}

extension OrthancIdentifier {
    /// The identifier in a record's field.
    init(record bytes: RawSpan) throws(RecordError) {
        guard let identifier = OrthancIdentifier(bytes) else { throw RecordError() }
        self = identifier
    }
}

extension VersionReference {
    /// The row of a frame ordinal.
    var encoded: [UInt8] {
        var writer = RecordWriter()
        writer.bytes(1, study.array)
        writer.bytes(2, series.array)
        writer.bytes(3, instance.array)
        writer.number(4, version)
        return writer.bytes
    }

    init(frameOrdinalRow bytes: RawSpan) throws(RecordError) {
        self.init(study: OrthancIdentifier(), series: OrthancIdentifier(), instance: OrthancIdentifier(), version: 0)
        var reader = RecordReader(bytes)
        while let field = try reader.next() {
            switch field {
            case 1: study = try OrthancIdentifier(record: reader.value)
            case 2: series = try OrthancIdentifier(record: reader.value)
            case 3: instance = try OrthancIdentifier(record: reader.value)
            case 4: version = try reader.number32()
            default: break
            }
        }
    }
}
