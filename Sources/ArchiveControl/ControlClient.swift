import DICOMArchive
import Glibc

/// The way to a process that serves an archive: its control socket. Usable from any thread.
package struct ControlClient: Sendable {
    private let archive: String

    /// The way to whoever serves the archive in this folder.
    package init(archive: String) { self.archive = archive }

    /// The way to the process that serves the archive in this folder; waits up to 10 s for one that starts.
    package static func serving(_ archive: String) throws(Failure) -> ControlClient {
        let client = ControlClient(archive: archive)
        var tries = 0
        while !client.isServed {
            guard access(archive + "/dicomfs-archive", F_OK) == 0 else {
                throw Failure(.noArchive, "\(archive) is no dicomfs archive; dicomfs import or serve makes one")
            }
            tries += 1
            guard tries < 100, ArchiveFolder.holder(of: archive)?.command == "serve" else {
                throw Failure(.other, "nobody serves the archive \(archive); start dicomfs serve")
            }
            usleep(100_000)
        }
        return client
    }

    /// Whether someone listens.
    package var isServed: Bool {
        guard let socket = try? ControlSocket.connect(ArchiveFolder.controlSocket(of: archive)) else { return false }
        close(socket)
        return true
    }

    /// Carries out a request over a connection of its own.
    package func perform(
        _ request: ControlRequest, file: Int32? = nil, receive: (ControlEvent) throws -> Void = { _ in }
    ) throws(Failure) {
        do {
            let socket = try ControlSocket.connect(ArchiveFolder.controlSocket(of: archive))
            defer { close(socket) }
            try ControlSocket.send(request, file: file, to: socket)
            while let (event, _) = try ControlSocket.receive(ControlEvent.self, from: socket) {
                switch event {
                case .done: return
                case .failed(let failure): throw failure
                case .checkpoint:
                    try receive(event)
                    try ControlSocket.send(ControlRequest.release, file: nil, to: socket)
                default: try receive(event)
                }
            }
            throw Failure(.ended, "the process that serves \(archive) ended before it answered; try again")
        } catch {
            throw error as? Failure ?? Failure(.other, "\(error)")
        }
    }
}
