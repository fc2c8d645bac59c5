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
    package static func open(_ path: String, create: Bool, command: String) throws(Failure) -> ArchiveAccess {
        var tries = 0
        while true {
            do throws(ArchiveError) {
                return .inPlace(try Archive(path: path, create: create, holder: ArchiveFolder.Holder(command: command)))
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
