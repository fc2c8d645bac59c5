import DICOMNetwork
import Glibc
import Threads

/// Accepts associations while a command waits for what a peer sends it: where the settings say that we are found, with TLS and
/// without.
final class CommandListener {
    private let listener: AssociationListener
    private let ended = Gate()

    /// Begins; nil when the settings have us accept none.
    ///
    /// - Parameter aeTitle: ours, where it is not that of the settings.
    init?(_ settings: Settings, aeTitle: String? = nil, _ provider: any ServiceProvider) throws {
        guard var configuration = settings.listener, let sockets = try DICOMSockets.bind(settings) else { return nil }
        if let aeTitle { configuration.aeTitle = aeTitle }
        let tls = sockets.secured == nil ? nil : try settings.tls?.context()
        let listener = try sockets.listener(configuration, tls, provider)
        self.listener = listener
        let isStarted = Thread.startIfPossible { [ended] in
            listener.run()
            ended.open()
        }
        guard isStarted else {
            throw ExitStatus(code: EX_OSERR, message: "no thread can be had to accept associations")
        }
    }

    /// Ends when what is being answered has been.
    func stop() {
        listener.stop()
        ended.wait(milliseconds: 10_000)
    }
}
