import ArchiveFS
import DICOM
import DICOMArchive
import FUSE
import Foundation
import Glibc
import TestSupport
import Threads

/// An archive in a folder of its own, mounted and served until it is dropped.
final class ArchiveMount: Sendable {
    let folder: TemporaryFolder
    let path: String
    let archive: Archive
    let session: Session
    let announcer: TreeAnnouncer
    private let ended: Gate

    static let subtype = "dicomfstest"

    /// - Parameters:
    ///   - folder: that of an earlier one, to open its archive again.
    ///   - shown: what it shows.
    init(_ folder: TemporaryFolder? = nil, _ shown: TreeOptions = TreeOptions()) throws {
        let folder = try folder ?? TemporaryFolder()
        self.folder = folder
        path = try folder.makeFolder("mount")
        archive = try Self.open(folder.appending("archive"))
        let tree = ArchiveTree(archive, shown)
        var options = Session.Options()
        options.subtype = Self.subtype
        session = try Session.mount(tree, at: try MountPoint(path, subtype: Self.subtype), options: options)
        announcer = TreeAnnouncer(tree, session.notifier)
        archive.addObserver(announcer)
        let (session, ended, path) = (session, Gate(), path)
        self.ended = ended
        Thread.start {
            session.run()
            ended.open()
        }
        // A test that hangs on its own mount is to fail instead.
        Thread.start {
            if !ended.wait(milliseconds: 90_000) { umount2(path, Int32(MNT_FORCE)) }
        }
    }

    /// Opens an archive; one that was mounted before is held by the thread that served it until that has ended.
    private static func open(_ path: String) throws -> Archive {
        var tries = 0
        while true {
            do throws(ArchiveError) {
                return try Archive(path: path, create: true, holder: ArchiveFolder.Holder(command: "test"))
            } catch {
                guard error.code == .inUse, tries < 500 else { throw error }
                tries += 1
                usleep(10_000)
            }
        }
    }

    deinit {
        // It holds the tree, and the tree the archive.
        archive.removeObserver(announcer)
        session.stop()
        ended.wait()
    }

    func appending(_ name: String) -> String { "\(path)/\(name)" }

    /// Stores a data set, as one that came by C-STORE; its identifier.
    @discardableResult
    func store(_ set: DataSetBuilder) throws -> OrthancIdentifier {
        let ingest = archive.beginInstance(
            head: .newest, transferSyntaxUID: "1.2.840.10008.1.2.1", sender: Sender(kind: .store))
        try set.bytes.withUnsafeBytes { try ingest.receive($0.bytes) }
        return try ingest.prepare().commit().instance
    }

    /// Where a resource is in the mount.
    func path(of id: OrthancIdentifier) throws -> String { appending(try archive.resource(named: id.hex40).path) }

    func delete(_ id: OrthancIdentifier) throws -> Int { try archive.delete(try archive.resource(named: id.hex40)) }
}

/// What a test instance says of itself.
struct TestInstance {
    var patientID = "P1"
    var patientName = "Doe^Jane"
    var study = "1.2.3"
    var studyDescription = "Head"
    /// Empty: none.
    var studyDate = "20240131"
    var series = "1.2.3.4"
    var seriesDescription = "Axial"
    var instance = "1.2.3.4.5"
    var number = 1
    /// 0: no pixels.
    var frames = 1
    var side = 4
    /// What its pixels are made of.
    var seed: UInt8 = 0

    /// Its data set, explicit VR little endian, in UTF-8.
    var dataSet: DataSetBuilder {
        var set = DataSetBuilder()
        set.text(.specificCharacterSet, .cs, "ISO_IR 192")
        set.text(.sopClassUID, .ui, "1.2.840.10008.5.1.4.1.1.7")
        set.text(.sopInstanceUID, .ui, instance)
        if !studyDate.isEmpty { set.text(.studyDate, .da, studyDate) }
        set.text(.modality, .cs, "OT")
        set.text(.studyDescription, .lo, studyDescription)
        set.text(.seriesDescription, .lo, seriesDescription)
        set.text(.patientName, .pn, patientName)
        set.text(.patientID, .lo, patientID)
        set.text(.studyInstanceUID, .ui, study)
        set.text(.seriesInstanceUID, .ui, series)
        set.text(.seriesNumber, .is, "2")
        set.text(.instanceNumber, .is, "\(number)")
        guard frames > 0 else { return set }
        set.us(.samplesPerPixel, 1)
        set.text(.photometricInterpretation, .cs, "MONOCHROME2")
        if frames > 1 { set.text(.numberOfFrames, .is, "\(frames)") }
        set.us(.rows, UInt16(side))
        set.us(.columns, UInt16(side))
        set.us(.bitsAllocated, 8)
        set.us(.bitsStored, 8)
        set.us(.highBit, 7)
        set.us(.pixelRepresentation, 0)
        set.element(.pixelData, .ow, (0..<frames * side * side).map { UInt8(truncatingIfNeeded: $0) &* 7 &+ seed })
        return set
    }
}

/// The name of a directory entry.
func name(_ entry: UnsafeMutablePointer<dirent>) -> String {
    withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}

/// Names in a directory, in order.
func names(_ path: String) -> [String] {
    guard let stream = opendir(path) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = name(entry)
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}

/// stat(2); nil with the code in errno.
func fileStatus(_ path: String) -> stat? {
    var status = stat()
    return stat(path, &status) == 0 ? status : nil
}

/// The whole file as read(2) gives it; nil with the code in errno.
func contents(_ path: String) -> [UInt8]? {
    let file = open(path, O_RDONLY)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while true {
        let count = read(file, &buffer, buffer.count)
        if count < 0 { return nil }
        if count == 0 { return bytes }
        bytes += buffer[..<count]
    }
}

/// All files beneath a folder, and directories with a slash at their ends.
func walk(_ path: String) -> [String] {
    names(path).flatMap { name in
        let child = "\(path)/\(name)"
        guard let status = fileStatus(child) else { return ["missing: \(child)"] }
        return status.st_mode & S_IFMT == S_IFDIR ? [child + "/"] + walk(child) : [child]
    }
}

/// Runs a program for at most 30 seconds.
func run(_ name: String, _ arguments: [String]) throws -> Program {
    try Program.run("timeout", ["-k", "1", "30", name] + arguments)
}
