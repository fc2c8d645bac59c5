import ContentStore
package import DICOMArchive
import Glibc

/// An archive that a command works on: opened by this process, or through the one that serves it.
package enum ArchiveAccess: Sendable {
    /// Opened here.
    case inPlace(Archive)
    /// Served by another process.
    case served(ControlClient)

    /// Opens the archive in a folder, or reaches the process that serves it.
    ///
    /// - Parameters:
    ///   - create: make an archive where there is none.
    ///   - command: the command's name, told to others who want the archive meanwhile.
    ///   - storesInGroups: whether what is stored may wait for ``flush()`` to be on disk, if the archive is opened here.
    package static func open(
        _ path: String, create: Bool, command: String, storesInGroups: Bool = false
    ) throws(Failure) -> ArchiveAccess {
        let durability = storesInGroups ? Durability.eachFlush : .eachCommit
        var tries = 0
        while true {
            do throws(ArchiveError) {
                let holder = ArchiveFolder.Holder(command: command)
                return .inPlace(try Archive(path: path, create: create, holder: holder, durability: durability))
            } catch {
                guard error.code == .inUse else { throw Failure(error) }
                let client = ControlClient(archive: path)
                if client.isServed { return .served(client) }
                // One that serves takes commands soon after it has the archive, and soon after the last lets go of it.
                let holder = ArchiveFolder.holder(of: path)
                tries += 1
                guard tries < 100, holder == nil || holder?.command == "serve" else {
                    throw Failure(.inUse, "\(error.description), which takes no commands; try again when it has ended")
                }
                usleep(100_000)
            }
        }
    }

    /// Whether what is stored is on disk after ``flush()`` only.
    package var isFlushNeeded: Bool {
        if case .inPlace(let archive) = self { archive.store.engine.durability == .eachFlush } else { false }
    }

    /// About how many bytes a flush would put on disk.
    package var unflushedBytes: UInt64 {
        if case .inPlace(let archive) = self { archive.store.engine.unflushedBytes } else { 0 }
    }

    /// Returns when all that was stored before is on disk.
    package func flush() throws(Failure) {
        guard case .inPlace(let archive) = self else { return }
        do throws(ArchiveError) { try archive.flush() } catch { throw Failure(error) }
    }

    /// Carries out a request. May be called from several threads at once.
    ///
    /// - Parameters:
    ///   - file: an open file that goes with the request.
    ///   - receive: gets the events but for the last.
    package func perform(
        _ request: ControlRequest, file: Int32? = nil, receive: (ControlEvent) throws -> Void = { _ in }
    ) throws(Failure) {
        switch self {
        case .inPlace(let archive): try archive.perform(request, file: file, emit: receive)
        case .served(let client): try client.perform(request, file: file, receive: receive)
        }
    }
}
