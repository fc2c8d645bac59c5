import ContentStore
import DICOM
import Foundation
import Glibc
import TestSupport
import Testing

@testable import DICOMArchive

/// An archive in a folder of its own, over an engine that a test can look into.
final class ArchiveUnderTest {
    let folder: TemporaryFolder
    let path: String
    private let durability: Durability
    private var opened: (archive: Archive, engine: WatchedEngine)?

    init(_ durability: Durability = .eachCommit) throws {
        self.durability = durability
        folder = try TemporaryFolder()
        path = folder.appending("archive")
        try open()
    }

    private func open() throws {
        let folder = try ArchiveFolder.open(path, create: true, holder: .init(command: "test"))
        let engine = WatchedEngine(
            try RocksDBEngine(path: folder.database, create: folder.isNew, durability: durability))
        try folder.finishCreation()
        opened = (Archive(folder: folder, engine: engine), engine)
    }

    /// The archive as a kill would leave it now, open. Not after more flushes than begin a compaction, which removes files.
    func killed() throws -> Archive {
        let copy = folder.appending("killed")
        try? FileManager.default.removeItem(atPath: copy)
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        try FileManager.default.removeItem(atPath: copy + "/lock")
        return try Archive(path: copy, create: false, holder: .init(command: "test"))
    }

    var archive: Archive {
        guard let opened else { preconditionFailure("open between the calls of reopen") }
        return opened.archive
    }

    var engine: WatchedEngine {
        guard let opened else { preconditionFailure("open between the calls of reopen") }
        return opened.engine
    }

    func reopen(after change: (String) throws -> Void = { _ in }) throws {
        opened = nil
        try change(path)
        try open()
    }

    /// As C-STORE brings it.
    @discardableResult
    func store(_ set: [UInt8], syntax: String = explicitLittleEndian) throws -> IngestOutcome {
        try prepare(set, syntax: syntax).commit()
    }

    func prepare(_ set: [UInt8], syntax: String = explicitLittleEndian) throws -> PreparedIngest {
        let ingest = archive.beginInstance(
            head: .newest, transferSyntaxUID: syntax,
            sender: Sender(kind: .store, callingAETitle: "CT1", host: "10.0.0.1"))
        try ingest.receive(set.span.bytes)
        return try ingest.prepare()
    }

    /// As `import` brings it.
    @discardableResult
    func importFile(_ bytes: [UInt8], name: String = "a.dcm") throws -> IngestOutcome {
        let path = try folder.write("import-\(name)", bytes)
        let file = Glibc.open(path, O_RDONLY)
        defer { close(file) }
        return try archive.importFile(file, name: name)
    }

    /// The `.dcm` node of an instance.
    func node(_ outcome: IngestOutcome) throws -> NodeID {
        try #require(try archive.node(of: outcome.instance, .instance))
    }

    func bytes(_ node: NodeID) throws -> [UInt8]? {
        guard let file = try archive.file(node) else { return nil }
        var bytes: [UInt8] = []
        try file.read(0..<file.size, from: archive.store) { piece in
            piece.withUnsafeBytes { bytes.append(contentsOf: $0) }
        }
        return bytes
    }

    /// Every row there is, by family and key.
    func rows() throws -> [String: [UInt8]] {
        var rows: [String: [UInt8]] = [:]
        for family in RowFamily.allCases {
            try engine.scan(family, from: [], upTo: nil) { key, value in
                let key = key.withUnsafeBytes { Array($0) }
                rows["\(family) \(hexadecimal(key))"] = value.withUnsafeBytes { Array($0) }
                return true
            }
        }
        return rows
    }

    func set(_ family: RowFamily, _ key: [UInt8], _ value: [UInt8]?) throws {
        try engine.commit([Commit(partition: [], changes: [RowChange(family, key, value)])])
    }

    func problems() throws -> [String] { try archive.verify { _ in }.problems }

    /// Names of a directory, in its order.
    func names(_ node: NodeID = .root) throws -> [String] {
        var names: [String] = []
        try archive.entries(of: node) { _, entry in
            names.append(entry.name)
            return true
        }
        return names
    }

    /// The rows that keep when the tree was last changed, or what is never taken back.
    static let clocks = ["index 0200000000000000000000000000000001", "index 05"]
}

let explicitLittleEndian = "1.2.840.10008.1.2.1"

/// An instance of a test: what differs is what is given.
struct Sample {
    var patient = "P1"
    var study = "1.2.3"
    var series = "1.2.3.4"
    var instance = "1.2.3.4.5"
    var description = "Head"
    var number = 1
    /// Frames of 8 rows and columns of 16 bits.
    var frames = 1
    /// Bytes of a private value before the image, all of this value.
    var filler: (count: Int, byte: UInt8)?

    var bytes: [UInt8] {
        var set = DataSetBuilder()
        set.text(.sopClassUID, .ui, "1.2.840.10008.5.1.4.1.1.2")
        set.text(.sopInstanceUID, .ui, instance)
        set.text(.studyDate, .da, "20240131")
        set.text(.accessionNumber, .sh, "A1")
        set.text(.modality, .cs, "CT")
        set.text(.studyDescription, .lo, description)
        set.text(.patientName, .pn, "Doe^Jane")
        set.text(.patientID, .lo, patient)
        set.text(.studyInstanceUID, .ui, study)
        set.text(.seriesInstanceUID, .ui, series)
        set.text(.seriesNumber, .is, "2")
        set.text(.instanceNumber, .is, "\(number)")
        set.us(.samplesPerPixel, 1)
        set.text(.photometricInterpretation, .cs, "MONOCHROME2")
        if frames > 1 { set.text(.numberOfFrames, .is, "\(frames)") }
        set.us(.rows, 8)
        set.us(.columns, 8)
        set.us(.bitsAllocated, 16)
        set.us(.bitsStored, 16)
        set.us(.highBit, 15)
        set.us(.pixelRepresentation, 0)
        if let filler { set.element(Tag(0x0029, 0x1010), .ob, [UInt8](repeating: filler.byte, count: filler.count)) }
        let seed = instance.utf8.reduce(0) { $0 &* 31 &+ Int($1) }
        set.element(.pixelData, .ow, (0..<128 * frames).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ seed) })
        return set.bytes
    }

    /// The same with another data set.
    func with(_ change: (inout Sample) -> Void) -> Sample {
        var other = self
        change(&other)
        return other
    }
}

/// A Part 10 head that is not the archive's own.
let foreignHead: [UInt8] = {
    var group = DataSetBuilder()
    group.element(Tag(2, 1), .ob, [0, 1])
    group.text(Tag(2, 2), .ui, "1.2.840.10008.5.1.4.1.1.2")
    group.text(Tag(2, 3), .ui, "1.2.3.4.5")
    group.text(Tag(2, 0x10), .ui, explicitLittleEndian)
    group.text(Tag(2, 0x16), .ae, "ELSEWHERE")
    return [UInt8](repeating: 0x20, count: 128) + Array("DICM".utf8) + group.bytes
}()
