internal import CSSL
import Glibc

/// A connection's bytes through TLS: OpenSSL's `SSL`. Used by one thread at a time.
final class TLSStream: ByteStream {
    let connection: Connection
    private let context: TLSContext
    private let ssl: OpaquePointer
    /// Why it failed, in OpenSSL's words.
    private(set) var failure: String?

    /// Agrees with a peer that connected.
    convenience init(
        _ connection: Connection, _ context: TLSContext, until deadline: ContinuousClock.Instant
    ) throws(AssociationFailure) {
        try self.init(connection, context)
        try shakeHands(until: deadline) { SSL_accept($0) }
    }

    /// Agrees with a peer that we connected to, whose certificate must be of an authority we trust.
    convenience init(
        _ connection: Connection, _ context: TLSContext, connectingTo host: String,
        until deadline: ContinuousClock.Instant
    ) throws(AssociationFailure) {
        try self.init(connection, context)
        SSL_set_verify(ssl, SSL_VERIFY_PEER, nil)
        try shakeHands(until: deadline) { SSL_connect($0) }
    }

    private init(_ connection: Connection, _ context: TLSContext) throws(AssociationFailure) {
        guard let ssl = SSL_new(context.handle), let io = SocketIO.make(connection.socket) else {
            throw AssociationFailure("TLS: out of memory")
        }
        self.connection = connection
        self.context = context
        self.ssl = ssl
        SSL_set_bio(ssl, io, io)
    }

    deinit {
        // The peer can tell this from a connection that somebody has cut (close_notify).
        if failure == nil { SSL_shutdown(ssl) }
        SSL_free(ssl)
    }

    private func shakeHands(
        until deadline: ContinuousClock.Instant, _ step: (OpaquePointer) -> Int32
    ) throws(AssociationFailure) {
        do throws(StreamFailure) { _ = try repeated(until: deadline) { step(ssl) } } catch {
            if error == .stopped { throw .stopped }
            if error == .timedOut { throw AssociationFailure("TLS: no handshake in time", isTransient: true) }
            let verdict = SSL_get_verify_result(ssl)
            let why =
                verdict == X509_V_OK
                ? failure ?? "the peer closed the connection"
                : "the peer's certificate: \(String(cString: X509_verify_cert_error_string(verdict)))"
            throw AssociationFailure("TLS: \(why)")
        }
    }

    func read(
        into buffer: UnsafeMutableRawBufferPointer, until deadline: ContinuousClock.Instant
    ) throws(StreamFailure) -> Int {
        let count = try repeated(until: deadline) {
            SSL_read(ssl, buffer.baseAddress, Int32(clamping: buffer.count))
        }
        connection.acknowledgeAtOnce()
        return count
    }

    func write(_ bytes: UnsafeRawBufferPointer, until deadline: ContinuousClock.Instant) throws(StreamFailure) -> Int {
        let count = try repeated(until: deadline) {
            SSL_write(ssl, bytes.baseAddress, Int32(clamping: bytes.count))
        }
        guard count > 0 else { throw .closed }
        return count
    }

    /// What the socket has may be of TLS only, a ticket, or a record in part.
    var hasInput: Bool {
        guard SSL_pending(ssl) > 0 || connection.isReadable else { return false }
        ERR_clear_error()
        var byte: UInt8 = 0
        let result = SSL_peek(ssl, &byte, 1)
        return result > 0 || SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ
    }

    /// Does what OpenSSL must be asked again until the socket has, or takes, enough; 0 when the peer ended it.
    private func repeated(
        until deadline: ContinuousClock.Instant, _ step: () -> Int32
    ) throws(StreamFailure) -> Int {
        while true {
            ERR_clear_error()
            let result = step()
            if result > 0 { return Int(result) }
            switch SSL_get_error(ssl, result) {
            case SSL_ERROR_WANT_READ: try connection.wait(for: POLLIN, until: deadline)
            case SSL_ERROR_WANT_WRITE: try connection.wait(for: POLLOUT, until: deadline)
            case SSL_ERROR_ZERO_RETURN: return 0
            case SSL_ERROR_SSL:
                failure = TLSContext.lastError()
                throw .closed
            default: throw .closed
            }
        }
    }

    /// Protocol and peer, for the log: `TLSv1.3, CN=CT1`.
    var summary: String {
        let version = String(cString: SSL_get_version(ssl))
        guard let certificate = SSL_get1_peer_certificate(ssl) else { return version }
        defer { X509_free(certificate) }
        var line = [CChar](repeating: 0, count: 256)
        X509_NAME_oneline(X509_get_subject_name(certificate), &line, Int32(line.count))
        return "\(version), \(line.withUnsafeBytes { asciiText($0) })"
    }
}

/// OpenSSL's way to a socket (`BIO`) that raises no SIGPIPE, as its own does.
private enum SocketIO {
    /// Never freed: OpenSSL's other methods are not either.
    nonisolated(unsafe) private static let method: OpaquePointer? = {
        guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket") else {
            return nil
        }
        BIO_meth_set_read(method) { io, bytes, count in
            SocketIO.transfer(io, retry: BIO_FLAGS_READ) { recv($0, bytes, Int(count), 0) }
        }
        BIO_meth_set_write(method) { io, bytes, count in
            SocketIO.transfer(io, retry: BIO_FLAGS_WRITE) { send($0, bytes, Int(count), Int32(MSG_NOSIGNAL)) }
        }
        BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
        return method
    }()

    static func make(_ socket: Int32) -> OpaquePointer? {
        guard let method, let io = BIO_new(method) else { return nil }
        BIO_set_data(io, UnsafeMutableRawPointer(bitPattern: Int(socket)))
        BIO_set_init(io, 1)
        return io
    }

    private static func transfer(_ io: OpaquePointer?, retry: Int32, _ call: (Int32) -> Int) -> Int32 {
        BIO_clear_flags(io, BIO_FLAGS_READ | BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY)
        let count = call(Int32(truncatingIfNeeded: Int(bitPattern: BIO_get_data(io))))
        if count < 0, errno == EAGAIN || errno == EINTR { BIO_set_flags(io, retry | BIO_FLAGS_SHOULD_RETRY) }
        return Int32(count)
    }
}
