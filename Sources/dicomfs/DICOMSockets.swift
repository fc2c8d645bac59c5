import DICOMNetwork

/// The sockets at which associations are accepted.
struct DICOMSockets: Sendable {
    /// Without TLS.
    var plain: ListeningSocket
    /// With TLS.
    var secured: ListeningSocket?

    /// Binds those of the settings; nil when no associations are accepted.
    static func bind(_ settings: Settings) throws -> DICOMSockets? {
        guard let configuration = settings.listener else { return nil }
        return try failing { () throws(ListenError) in
            var sockets = DICOMSockets(
                plain: try ListeningSocket(host: configuration.host, port: configuration.port))
            if let port = settings.tls?.port {
                sockets.secured = try ListeningSocket(host: configuration.host, port: port, option: "--tls-port")
            }
            return sockets
        }
    }

    /// Accepts at them.
    func listener(
        _ configuration: AssociationListener.Configuration, _ tls: TLSContext?, _ provider: any ServiceProvider
    ) throws(ExitStatus) -> AssociationListener {
        try failing { () throws(ListenError) in
            try AssociationListener(
                plain, secured: secured.flatMap { socket in tls.map { (socket, $0) } }, configuration: configuration,
                provider: provider)
        }
    }

    /// Takes those that a supervisor has bound.
    static func inherit(_ inheritance: Inheritance) throws -> DICOMSockets? {
        guard let plain = inheritance.dicom else { return nil }
        return try failing { () throws(ListenError) in
            var sockets = DICOMSockets(plain: try ListeningSocket(inheriting: plain))
            if let secured = inheritance.tls { sockets.secured = try ListeningSocket(inheriting: secured) }
            return sockets
        }
    }
}
