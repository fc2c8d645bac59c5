import Glibc

/// The bytes of a connection in both directions, as they are or through TLS. Used by one thread at a time.
protocol ByteStream: AnyObject {
    /// Whom it is from and to.
    var connection: Connection { get }

    /// Reads what is there, at least a byte; 0 at the end of the connection.
    func read(
        into buffer: UnsafeMutableRawBufferPointer, until deadline: ContinuousClock.Instant
    ) throws(StreamFailure) -> Int

    /// Writes what the connection takes of some bytes, at least one; how many.
    func write(_ bytes: UnsafeRawBufferPointer, until deadline: ContinuousClock.Instant) throws(StreamFailure) -> Int

    /// Whether ``read(into:until:)`` would return at once.
    var hasInput: Bool { get }
}

/// Why bytes did not come or go.
enum StreamFailure: Error {
    case timedOut
    case closed
    /// We want no more of the connection.
    case stopped
}

/// A connection's bytes as they are.
final class PlainStream: ByteStream {
    let connection: Connection

    init(_ connection: Connection) { self.connection = connection }

    func read(
        into buffer: UnsafeMutableRawBufferPointer, until deadline: ContinuousClock.Instant
    ) throws(StreamFailure) -> Int {
        // Most reads find data waiting: only the others look at the clock.
        var count = recv(connection.socket, buffer.baseAddress, buffer.count, 0)
        while count < 0 {
            guard errno == EAGAIN || errno == EINTR else { throw .closed }
            try connection.wait(for: POLLIN, until: deadline)
            count = recv(connection.socket, buffer.baseAddress, buffer.count, 0)
        }
        connection.acknowledgeAtOnce()
        return count
    }

    func write(_ bytes: UnsafeRawBufferPointer, until deadline: ContinuousClock.Instant) throws(StreamFailure) -> Int {
        while true {
            let count = send(connection.socket, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            if count > 0 { return count }
            guard count < 0, errno == EAGAIN || errno == EINTR else { throw .closed }
            try connection.wait(for: POLLOUT, until: deadline)
        }
    }

    var hasInput: Bool { connection.isReadable }
}

extension ByteStream {
    /// Reads so many bytes.
    ///
    /// - Returns: fewer at the end of the connection.
    func readAll(_ count: Int, until deadline: ContinuousClock.Instant) throws(StreamFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            var result = Result<Int, StreamFailure>.success(0)
            bytes.withUnsafeMutableBytes { bytes in
                let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[filled...])
                result = Result { () throws(StreamFailure) in try read(into: rest, until: deadline) }
            }
            let more = try result.get()
            if more == 0 { return Array(bytes.prefix(filled)) }
            filled += more
        }
        return bytes
    }

    /// Writes all bytes.
    ///
    /// - Parameters:
    ///   - deadline: asked again each time that some of them went.
    ///   - isStopping: whether we want no more of the connection: then a few seconds are left for all of them.
    func writeAll(
        _ bytes: UnsafeRawBufferPointer, until deadline: () -> ContinuousClock.Instant,
        isStopping: () -> Bool = { false }
    ) throws(StreamFailure) {
        var rest = bytes[...]
        var end = deadline()
        var last: ContinuousClock.Instant?
        while !rest.isEmpty {
            if last == nil, isStopping() { last = .now + .seconds(5) }
            let until = min(end, last ?? end)
            do throws(StreamFailure) {
                // In steps: poll(2) tells of room only when a third of the buffer is free, and that may take a slow peer long.
                let step = min(until, .now + .milliseconds(500))
                rest = rest.dropFirst(try write(UnsafeRawBufferPointer(rebasing: rest), until: step))
                end = deadline()
            } catch {
                guard error == .timedOut, .now < until else { throw error }
            }
        }
    }

    /// Writes all bytes.
    func writeAll(_ bytes: [UInt8], until deadline: ContinuousClock.Instant) throws(StreamFailure) {
        try bytes.span.bytes.withUnsafeBytes { bytes throws(StreamFailure) in
            try writeAll(bytes, until: { deadline })
        }
    }

    /// Writes what a peer may or may not take any more: for the last words.
    func writeLast(_ bytes: [UInt8]) { try? writeAll(bytes, until: .now + .seconds(1)) }
}
