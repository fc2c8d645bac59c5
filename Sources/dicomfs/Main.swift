import ArgumentParser
import CLinux
import Glibc

/// The program: reads arguments, environment and signals; everything else is in the libraries.
@main
struct Main {
    static func main() {
        StandardStreams.open()
        // Before any thread: RocksDB, DCMTK and libfuse start theirs, which inherit the mask.
        Signals.block()
        boundFragmentation()
        do {
            var command = try DICOMFS.parseAsRoot()
            try command.run()
            try Output.finish()
            end(EXIT_SUCCESS)
        } catch let error as ExitStatus {
            Output.complain("dicomfs: \(error.message)")
            end(error.code)
        } catch let error as ExitCode {
            // The command has said why.
            end(error.rawValue)
        } catch {
            // Help, or wrong usage: nothing has been opened yet.
            DICOMFS.exit(withError: error)
        }
    }

    /// Keeps the heap from growing by its holes (mallopt(3)): few heaps, and pages of their own for the blocks of RocksDB's
    /// memtables.
    ///
    /// By default there are 16 heaps and the threshold for such pages grows with what is freed. Receiving 1 GiB and reading
    /// it took 227 to 297 MiB in 6 runs, so 187 to 236. A threshold of a chunk, 128 KiB, took 143 to 163 MiB, but half as
    /// much processor time again for page faults. What is freed stays with the process: RocksDB frees each memtable and takes
    /// the next, and giving pages back between took 20 % of the processor time of receiving (1.87 to 1.42 ms an image of
    /// 526 KB).
    private static func boundFragmentation() {
        mallopt(M_ARENA_MAX, 2)
        mallopt(M_MMAP_THRESHOLD, 4 << 20)
        mallopt(M_TRIM_THRESHOLD, 256 << 20)
    }

    /// Ends the process, not by way of exit(3): a thread that outlasts the command, with the last hold on the archive, must
    /// not meet the destructors of the libraries. What was acknowledged is on disk.
    private static func end(_ status: Int32) -> Never {
        fflush(nil)
        _exit(status)
    }
}

/// The command line.
struct DICOMFS: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dicomfs",
        abstract: "A DICOM archive that you can cd into.",
        discussion: """
            Modalities send images with C-STORE (or you import files); each instance is kept once, and appears at once \
            in a mounted, read-only tree Patient/Study/Series/instance.dcm with a .png beside it.

              dicomfs serve --archive ~/archive --mount ~/dicom
              dicomfs import --archive ~/archive ~/some/folder
              dicomfs list --archive ~/archive --level study

            While `serve` runs, the other commands work through it. The archive can be given once and for all in the \
            environment, DICOMFS_ARCHIVE=~/archive, or in a settings file.

            Exit codes: 0 done, 1 failed, 64 wrong usage, 66 no archive there, 75 in use by another process, 78 wrong \
            settings (dicomfs config --help).
            """,
        version: "0.1.0",
        subcommands: [
            Serve.self, Import.self, List.self, Show.self, Export.self, Render.self, Delete.self, Stats.self,
            Watch.self,
            Verify.self, Repair.self, Rebuild.self, BackUp.self, Restore.self, GC.self, Upgrade.self,
            Echo.self, Find.self, Send.self, Get.self, Move.self,
            ShowSettings.self, ListPeers.self,
        ])
}

/// Ends the program with a sentence on standard error and an exit code (sysexits.h).
struct ExitStatus: Error {
    var code: Int32
    var message: String
}
