import Glibc
import Synchronization
import Threads

/// A DICOM application entity that accepts associations and provides storage and verification (PS3.4 annexes A and B).
///
/// ``run()`` accepts until ``stop()``; each association has a thread of its own. What one peer does, or leaves undone, ends
/// its own association and nothing else.
package final class AssociationListener: Sendable {
    /// How associations are accepted.
    package struct Configuration: Sendable {
        /// Our AE title.
        package var aeTitle = "DICOMFS"
        /// The address to bind: numeric, IPv4 or IPv6.
        package var host = "127.0.0.1"
        /// The port to bind; 0 for a free one.
        package var port = 4242
        /// The most associations at a time; more are rejected with "local limit exceeded".
        package var maximumAssociations = 32
        /// Seconds within which an association request must have arrived.
        package var handshakeSeconds = 15
        /// Seconds for which a peer may be silent, and within which each PDU must have arrived in whole.
        package var idleSeconds = 60
        /// Seconds after which an association is ended, whatever it does; nil for never.
        package var associationSeconds: Int?
        /// The longest PDU offered, in bytes (PS3.8 annex D.1): 4,096 to 131,072.
        package var maximumPDULength = 131_072
        /// Whether peers must call us by our AE title.
        package var checksCalledAETitle = false

        /// The defaults.
        package init() {}
    }

    /// The port it is bound to.
    package var port: Int { socket.port }
    private let configuration: Configuration
    private let provider: any ServiceProvider
    private let network: Network
    private let socket: ListeningSocket
    /// The ends of a pipe that is closed for writing when it stops: shutdown(2) of the socket would end it for another
    /// process that shares it.
    private let isRunning: Int32
    private let running: Mutex<Int32>
    private let state = Mutex(State())
    private let ended = Gate()

    private struct State {
        var isStopping = false
        /// The connections being served.
        var connections: [ObjectIdentifier: Connection] = [:]
        /// Threads that serve them, or still tell how they ended.
        var threads = 0
    }

    /// Accepts at a socket, or binds its own; peers wait until ``run()``.
    package init(
        _ socket: ListeningSocket? = nil, configuration: Configuration, provider: any ServiceProvider
    ) throws(ListenError) {
        guard let network = Network() else { throw ListenError("DCMTK cannot be initialized") }
        if let socket {
            self.socket = socket
        } else {
            self.socket = try ListeningSocket(host: configuration.host, port: configuration.port)
        }
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw ListenError("cannot make a pipe: \(String(cString: strerror(errno)))") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        isRunning = ends[0]
        running = Mutex(ends[1])
        self.network = network
        self.configuration = configuration
        self.provider = provider
    }

    deinit {
        endRunning()
        close(isRunning)
    }

    /// Accepts associations; returns after ``stop()``, when those under way have ended.
    package func run() {
        while waitForPeer() {
            var address = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let peer = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { accept(socket.descriptor, $0, &length) }
            }
            guard peer >= 0 else {
                // Out of descriptors or memory: let some be given back.
                if ![EINTR, ECONNABORTED, EAGAIN].contains(errno) { usleep(50_000) }
                continue
            }
            _ = fcntl(peer, F_SETFD, FD_CLOEXEC)
            admit(Connection(peer, peerAddress: numericHost(&address, length)))
        }
        if state.withLock({ $0.threads == 0 }) { ended.open() }
        ended.wait()
    }

    /// Makes ``run()`` return: no more associations; those under way may answer what they are answering, then end.
    package func stop() {
        state.withLock { state in
            state.isStopping = true
            // No more is read from the peers; an answer under way still goes out.
            for connection in state.connections.values { connection.stopReading() }
        }
        endRunning()
    }

    private func endRunning() {
        running.withLock { end in
            if end >= 0 { close(end) }
            end = -1
        }
    }

    /// Waits for the next peer; false when it is to stop.
    private func waitForPeer() -> Bool {
        var events = [socket.descriptor, isRunning].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        poll(&events, 2, -1)
        return !state.withLock { $0.isStopping }
    }

    private func admit(_ connection: Connection) {
        let count = state.withLock { state in
            // Beyond the limit some connections still get the answer that says so; those beyond are closed.
            guard state.connections.count < configuration.maximumAssociations + 8 else { return nil as Int? }
            state.connections[ObjectIdentifier(connection)] = connection
            state.threads += 1
            return state.connections.count
        }
        guard let count else { return }
        Thread.start { [self] in
            // Who reads waits for it; a modality has time. On Linux it is of this thread only (setpriority(2), nice(2)).
            setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 5)
            let begin = ContinuousClock.now
            var summary = serve(connection, isBeyondLimit: count > configuration.maximumAssociations)
            // Its place is free before the peer can know.
            state.withLock { _ = $0.connections.removeValue(forKey: ObjectIdentifier(connection)) }
            summary.duration = begin.duration(to: .now)
            provider.associationEnded(summary)
            let isLast = state.withLock { state in
                state.threads -= 1
                return state.isStopping && state.threads == 0
            }
            if isLast { ended.open() }
        }
    }

    private func serve(_ connection: Connection, isBeyondLimit: Bool) -> AssociationSummary {
        var info = AssociationInfo(peerAddress: connection.peerAddress)
        do throws(AssociationFailure) {
            let request = try connection.receiveRequest(seconds: configuration.handshakeSeconds)
            info.callingAETitle = Self.title(request.callingAETitle)
            info.calledAETitle = Self.title(request.calledAETitle)
            if let refusal = refuse(connection, info, isBeyondLimit: isBeyondLimit) {
                return AssociationSummary(association: info, ending: "rejected: \(refusal)")
            }
            let association = try Association(network, connection, request, info: info, configuration: configuration)
            let task = AssociationTask(association, provider: provider, seconds: configuration.associationSeconds) {
                [self] in state.withLock { $0.isStopping }
            }
            return task.run()
        } catch {
            connection.abort()
            return AssociationSummary(association: info, ending: "no association: \(error.sentence)")
        }
    }

    /// Rejects what is not to be accepted; why, or nil.
    private func refuse(_ connection: Connection, _ info: AssociationInfo, isBeyondLimit: Bool) -> String? {
        if isBeyondLimit {
            connection.reject(.localLimit)
            return "\(configuration.maximumAssociations) associations are open"
        }
        var decision = provider.decide(info)
        if configuration.checksCalledAETitle, info.calledAETitle != configuration.aeTitle {
            decision = .rejectCalledAETitle
        }
        switch decision {
        case .accept: return nil
        case .rejectCalledAETitle:
            connection.reject(.calledAETitle)
            return "called AE title not ours"
        case .rejectCallingAETitle:
            connection.reject(.callingAETitle)
            return "calling AE title not allowed"
        }
    }

    /// An AE title without padding: spaces at its ends do not count (PS3.5 6.2).
    private static func title(_ bytes: [UInt8]) -> String {
        String(asciiText(bytes).drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}

/// Why no associations can be accepted, in a sentence.
package struct ListenError: Error, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
