import CDCMTK

/// An accepted association: `T_ASC_Association`, freed at the end.
///
/// Used by the one thread that serves it.
final class Association {
    /// What came next.
    enum Event {
        case pdv(cdcmtk_pdv)
        case released
        /// It ended otherwise, as this clause says; whether an A-ABORT is due.
        case ended(String, shouldAbort: Bool)
    }

    let info: AssociationInfo
    private let connection: Connection
    private let handle: OpaquePointer
    private var transferSyntaxes: [UInt8: String] = [:]
    private var abstractSyntaxes: [UInt8: String] = [:]

    /// Answers a request: each context with the peer's first transfer syntax, since bytes are kept as they come.
    ///
    /// - Throws: a clause that says why there is no association.
    init(
        _ network: Network, _ connection: Connection, _ request: AssociationRequest, info: AssociationInfo,
        configuration: AssociationListener.Configuration
    ) throws(AssociationFailure) {
        var error = [CChar](repeating: 0, count: 256)
        // DCMTK reads all of it before this returns.
        let encoded = request.encoded
        let handle = cdcmtk_association_receive(
            network.handle, connection.socket, encoded, encoded.count, Int32(configuration.idleSeconds),
            configuration.maximumPDULength, &error, error.count)
        guard let handle else { throw AssociationFailure(error.withUnsafeBytes { asciiText($0) }) }
        self.handle = handle
        self.connection = connection
        self.info = info
        for context in request.contexts {
            if PresentationContextPolicy.accepts(context.abstractSyntax) {
                cdcmtk_association_accept_context(handle, context.id, context.transferSyntax)
                abstractSyntaxes[context.id] = context.abstractSyntax
                transferSyntaxes[context.id] = context.transferSyntax
            } else {
                cdcmtk_association_refuse_context(handle, context.id)
            }
        }
        guard cdcmtk_association_acknowledge(handle) != 0 else {
            throw AssociationFailure("connection lost while accepting")
        }
    }

    deinit { cdcmtk_association_destroy(handle) }

    /// Waits for the next presentation data value. It lies in a buffer that the next call reuses. Not called after the end.
    ///
    /// - Parameter end: when it is given up, however long the peer may be silent; nil for never.
    func next(until end: ContinuousClock.Instant?) -> Event {
        // Up, so that what ends the wait at `end` never ends it before.
        let left = end.map { (ContinuousClock.now.duration(to: $0) / .milliseconds(1)).rounded(.up) } ?? .infinity
        let milliseconds = Int64(max(0, min(left, 1e12)))
        var error = [CChar](repeating: 0, count: 256)
        var pdv = cdcmtk_pdv()
        switch cdcmtk_association_next(handle, milliseconds, &pdv, &error, error.count) {
        case cdcmtk_event_pdv: return .pdv(pdv)
        case cdcmtk_event_release: return .released
        case cdcmtk_event_abort: return .ended("aborted by the peer", shouldAbort: false)
        case cdcmtk_event_closed: return .ended("connection closed by the peer", shouldAbort: false)
        case cdcmtk_event_timeout: return .ended("peer silent for too long", shouldAbort: true)
        default:
            return .ended("protocol error: \(error.withUnsafeBytes { asciiText($0) })", shouldAbort: true)
        }
    }

    /// Sends a response's command set; false when the peer is gone.
    func send(_ command: CommandSet, on context: UInt8) -> Bool {
        let bytes = command.encoded
        return cdcmtk_association_send_command(handle, context, bytes, bytes.count) != 0
    }

    func acknowledgeRelease() { cdcmtk_association_acknowledge_release(handle) }

    func abort() { connection.abort() }

    /// The transfer syntax of an accepted context.
    func transferSyntax(of context: UInt8) -> String? { transferSyntaxes[context] }

    /// Whether a context was accepted for storage.
    func isForStorage(_ context: UInt8) -> Bool {
        abstractSyntaxes[context].map { PresentationContextPolicy.isStorage($0) } ?? false
    }
}

/// What all associations of a listener share: `T_ASC_Network`.
final class Network: @unchecked Sendable {
    let handle: OpaquePointer

    init?() {
        guard let handle = cdcmtk_network_create() else { return nil }
        self.handle = handle
    }

    deinit { cdcmtk_network_destroy(handle) }
}

/// The text up to the first NUL; what is not printable ASCII becomes "?", since it goes into logs.
func asciiText(_ bytes: some Sequence<UInt8>) -> String {
    let printable = bytes.prefix { $0 != 0 }.map { (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: "?") }
    return String(decoding: printable, as: UTF8.self)
}
