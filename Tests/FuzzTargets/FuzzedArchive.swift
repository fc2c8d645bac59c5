import ContentStore
import DICOMArchive
import TestSupport

/// An archive that is not synced, gone with its folder when it is dropped.
final class FuzzedArchive {
    let folder: TemporaryFolder
    let archive: Archive

    init() throws {
        folder = try TemporaryFolder()
        archive = try Archive(
            path: folder.appending("archive"), create: true, holder: ArchiveFolder.Holder(command: "test"),
            durability: .eachFlush)
    }

    /// Removes all that is in it.
    func empty() throws {
        var patients: [String] = []
        try archive.resources(.patient, under: nil) { resource in
            patients.append("\(resource.id)")
            return true
        }
        for patient in patients { _ = try archive.delete(archive.resource(named: patient)) }
    }
}
