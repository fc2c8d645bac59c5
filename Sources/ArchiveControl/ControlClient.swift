import DICOMArchive
import Glibc

/// The way to a process that serves an archive: its control socket. Usable from any thread.
package struct ControlClient: Sendable {
    private let archive: String

    /// The way to whoever serves the archive in this folder.
    package init(archive: String) { self.archive = archive }

    /// Whether someone listens.
    var isServed: Bool {
        guard let socket = try? ControlSocket.connect(ArchiveFolder.controlSocket(of: archive)) else { return false }
        close(socket)
        return true
    }

    /// Carries out a request over a connection of its own.
    func perform(
        _ request: ControlRequest, file: Int32?, receive: (ControlEvent) throws -> Void
    ) throws(Failure) {
        do {
            let socket = try ControlSocket.connect(ArchiveFolder.controlSocket(of: archive))
            defer { close(socket) }
            try ControlSocket.send(request, file: file, to: socket)
            while let (event, _) = try ControlSocket.receive(ControlEvent.self, from: socket) {
                switch event {
                case .done: return
                case .failed(let failure): throw failure
                default: try receive(event)
                }
            }
            throw Failure(.other, "the process that serves \(archive) ended before it answered; try again")
        } catch {
            throw error as? Failure ?? Failure(.other, "\(error)")
        }
    }
}
