import CDCMTK
import Glibc

/// An accepted connection that became an association: `T_ASC_Association`, closed and freed at the end.
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
    private let handle: OpaquePointer
    private var transferSyntaxes: [UInt8: String] = [:]
    private var abstractSyntaxes: [UInt8: String] = [:]

    /// Reads the association request on a socket, which it owns from now on.
    ///
    /// - Throws: a clause that says what was wrong.
    init(
        _ network: Network, socket: Int32, peerAddress: String, configuration: AssociationListener.Configuration
    ) throws(AssociationFailure) {
        var error = [CChar](repeating: 0, count: 256)
        let handle = cdcmtk_association_receive(
            network.handle, socket, Int32(configuration.handshakeSeconds), Int32(configuration.idleSeconds),
            configuration.maximumPDULength, &error, error.count)
        guard let handle else { throw AssociationFailure(sentence: text(error)) }
        self.handle = handle
        info = AssociationInfo(
            callingAETitle: printable(cdcmtk_association_calling_ae_title(handle)),
            calledAETitle: printable(cdcmtk_association_called_ae_title(handle)), peerAddress: peerAddress)
    }

    deinit { cdcmtk_association_destroy(handle) }

    /// Answers each proposed context: the peer's first transfer syntax, since bytes are kept as they come.
    ///
    /// - Returns: false when the peer is gone.
    func accept() -> Bool {
        for place in 0..<cdcmtk_association_context_count(handle) {
            var context = cdcmtk_presentation_context()
            guard cdcmtk_association_context(handle, place, &context) != 0 else { continue }
            let abstract = withUnsafeBytes(of: context.abstract_syntax) { text($0) }
            let transfer = withUnsafeBytes(of: context.transfer_syntax) { text($0) }
            if !PresentationContextPolicy.accepts(abstract) || transfer.isEmpty {
                cdcmtk_association_refuse_context(handle, context.id, transfer.isEmpty ? 1 : 0)
                continue
            }
            cdcmtk_association_accept_context(handle, context.id, transfer)
            abstractSyntaxes[context.id] = abstract
            transferSyntaxes[context.id] = transfer
        }
        return cdcmtk_association_acknowledge(handle) != 0
    }

    func reject(_ reason: cdcmtk_reject_reason) { cdcmtk_association_reject(handle, reason) }

    /// Waits for the next presentation data value. It lies in a buffer that the next call reuses.
    func next() -> Event {
        var error = [CChar](repeating: 0, count: 256)
        var pdv = cdcmtk_pdv()
        switch cdcmtk_association_next(handle, &pdv, &error, error.count) {
        case cdcmtk_event_pdv: return .pdv(pdv)
        case cdcmtk_event_release: return .released
        case cdcmtk_event_abort: return .ended("aborted by the peer", shouldAbort: false)
        case cdcmtk_event_closed: return .ended("connection closed by the peer", shouldAbort: false)
        case cdcmtk_event_timeout: return .ended("peer silent for too long", shouldAbort: true)
        default: return .ended("protocol error: \(text(error))", shouldAbort: true)
        }
    }

    /// Sends a response's command set; false when the peer is gone.
    func send(_ command: cdcmtk_command, on context: UInt8) -> Bool {
        var command = command
        var bytes = [UInt8](repeating: 0, count: 1024)
        let length = cdcmtk_command_encode(&command, &bytes, bytes.count)
        return length > 0 && cdcmtk_association_send_command(handle, context, bytes, length) != 0
    }

    func acknowledgeRelease() { cdcmtk_association_acknowledge_release(handle) }

    func abort() { cdcmtk_association_abort(handle) }

    /// The transfer syntax of an accepted context.
    func transferSyntax(of context: UInt8) -> String? { transferSyntaxes[context] }

    /// Whether a context was accepted for storage.
    func isForStorage(_ context: UInt8) -> Bool {
        abstractSyntaxes[context].map { PresentationContextPolicy.isStorage($0) } ?? false
    }
}

/// Why a connection became no association, as a clause.
struct AssociationFailure: Error {
    let sentence: String
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

private func text(_ bytes: [CChar]) -> String { bytes.withUnsafeBytes { text($0) } }

/// The text up to the first NUL, without control characters.
func text(_ bytes: UnsafeRawBufferPointer) -> String {
    String(decoding: bytes.prefix { $0 != 0 }.map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
}

private func printable(_ pointer: UnsafePointer<CChar>?) -> String {
    guard let pointer else { return "" }
    return text(UnsafeRawBufferPointer(start: pointer, count: strlen(pointer)))
}
