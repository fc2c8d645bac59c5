import Glibc

/// A TCP connection, closed when this is dropped. Any thread may use it.
final class Connection: Sendable {
    /// Does not block.
    let socket: Int32
    /// The peer's address, numeric.
    let peerAddress: String
    /// Whether we want no more of it: asked before each wait for its bytes, and twice a second while it is waited for. Nil where that
    /// shuts it for reading.
    private let isStopping: (@Sendable () -> Bool)?

    /// Takes a connected socket. Nagle's algorithm is off: DCMTK peers write a PDU's header and body apart, and each would
    /// wait 40 ms for the other's delayed acknowledgement.
    init(_ socket: Int32, peerAddress: String, isStopping: (@Sendable () -> Bool)? = nil) {
        self.socket = socket
        self.peerAddress = peerAddress
        self.isStopping = isStopping
        _ = fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK)
        setOption(TCP_NODELAY)
        acknowledgeAtOnce()
    }

    deinit { close(socket) }

    /// Sends the acknowledgement of what was read without delay. The kernel goes back to delays by itself.
    func acknowledgeAtOnce() { setOption(TCP_QUICKACK) }

    private func setOption(_ option: Int32) {
        var on: Int32 = 1
        setsockopt(socket, Int32(IPPROTO_TCP), option, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Waits until it can be read or written (poll(2)).
    func wait(for event: Int32, until deadline: ContinuousClock.Instant) throws(StreamFailure) {
        var state = pollfd(fd: socket, events: Int16(event), revents: 0)
        while true {
            // Who sends a byte now and then does not keep us. What is being written ends with its writer's deadline.
            if event == POLLIN, let isStopping, isStopping() { throw .stopped }
            // Up, so that a wait never ends before.
            let left = (ContinuousClock.now.duration(to: deadline) / .milliseconds(1)).rounded(.up)
            let step = min(left, isStopping == nil ? 1e9 : 500)
            let ready = poll(&state, 1, Int32(max(0, step)))
            if ready > 0 { return }
            guard ready == 0 || errno == EINTR else { throw .closed }
            if let isStopping, isStopping() { throw .stopped }
            if ready == 0, left <= step { throw .timedOut }
        }
    }

    /// Whether something, or the end, can be read.
    var isReadable: Bool { isReadable(within: 0) }

    /// Whether something, or the end, can be read, now or in that time.
    func isReadable(within milliseconds: Int) -> Bool {
        var state = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return poll(&state, 1, Int32(clamping: milliseconds)) > 0
    }

    /// Ends all reading from it, now and later; what is being sent still goes out.
    func stopReading() { shutdown(socket, Int32(SHUT_RD)) }
}
