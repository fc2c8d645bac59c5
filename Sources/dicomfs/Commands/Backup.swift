import ArchiveControl
import ArgumentParser
import DICOMArchive
import Foundation

struct BackUp: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy the archive into a folder, and only what is new the next time.",
        discussion: """
            The backup is the archive as of one moment, whatever arrives meanwhile; `dicomfs serve` goes on. What the folder \
            has already is neither read nor copied again. Interrupted, it leaves the backup that was there before. Put the \
            folder on another disk.

              dicomfs backup --archive ~/archive /mnt/backup/dicom
              dicomfs restore --archive ~/archive-2 /mnt/backup/dicom
            """)

    @OptionGroup var archive: ArchiveOption

    @Argument(
        help: ArgumentHelp(
            "The backup's folder: a backup of this archive, an empty folder or a new one.", valueName: "dir"))
    var folder: String

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let source = try archive.path()
        let access = try archive.open(command: "backup")
        var done = DICOMArchive.Backup.Progress()
        try exiting { () throws(Failure) in
            try access.perform(.checkpoint) { event in
                guard case .checkpoint(let checkpoint) = event else { return }
                done = try DICOMArchive.Backup(folder).write(checkpoint: checkpoint, of: source, progress: show)
            }
        }
        if Output.isTerminal, !json { Output.progress("") }
        print(
            json
                ? Output.json(done)
                : "copied \(Output.size(UInt64(done.bytesCopied))), kept \(Output.size(UInt64(done.bytesKept)))")
    }

    private func show(_ progress: DICOMArchive.Backup.Progress) {
        if Output.isTerminal, !json { Output.progress(progress.line) }
    }
}

struct Restore: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make an archive of a backup.",
        discussion: """
            The archive's folder must be empty or new. The backup stays as it is; later backups of the restored archive need \
            a folder of their own. Interrupted, it leaves no archive, and can be run again.
            """)

    @OptionGroup var archive: ArchiveOption

    @Argument(help: ArgumentHelp("A folder that `dicomfs backup` made.", valueName: "dir"))
    var folder: String

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let target = try archive.path()
        Signals.unblock()
        do throws(ArchiveError) {
            let contents = try DICOMArchive.Backup(folder).restore(to: target) { progress in
                if Output.isTerminal, !json { Output.progress(progress.line) }
            }
            if Output.isTerminal, !json { Output.progress("") }
            // That it opens is part of it.
            let restored = try Archive(path: target, create: false, holder: ArchiveFolder.Holder(command: "restore"))
            let instances = restored.estimatedInstances
            let date = Date(timeIntervalSince1970: TimeInterval(contents.made)).ISO8601Format()
            if json {
                print(Output.json(["made": date, "bytes": "\(contents.bytes)", "archive": contents.archive]))
            } else {
                print("restored \(Output.size(UInt64(contents.bytes))) of \(date), about \(instances) versions")
            }
        } catch {
            try exiting { () throws(Failure) in throw Failure(error) }
        }
    }
}

extension DICOMArchive.Backup.Progress {
    /// A line that shows how far it has got.
    fileprivate var line: String {
        Output.bar(bytesCopied, of: bytesToCopy) + "\(Output.size(UInt64(bytesCopied))) copied"
    }
}
