import Glibc
import Synchronization
import Threads

/// A DICOM application entity that accepts associations, as they come and through TLS, and provides services over them.
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

        /// The defaults.
        package init() {}
    }

    /// The port it is bound to.
    package var port: Int { sockets[0].port }
    private let configuration: Configuration
    private let provider: any ServiceProvider
    /// Those without TLS first.
    private let sockets: [ListeningSocket]
    private let tls: TLSContext?
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
    ///
    /// - Parameter secured: a socket at which associations are accepted through TLS, besides.
    package init(
        _ socket: ListeningSocket? = nil, secured: (ListeningSocket, TLSContext)? = nil, configuration: Configuration,
        provider: any ServiceProvider
    ) throws(ListenError) {
        var sockets: [ListeningSocket] = []
        if let socket {
            sockets = [socket]
        } else {
            sockets = [try ListeningSocket(host: configuration.host, port: configuration.port)]
        }
        if let secured { sockets.append(secured.0) }
        tls = secured?.1
        self.sockets = sockets
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw ListenError("cannot make a pipe: \(String(cString: strerror(errno)))") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        isRunning = ends[0]
        running = Mutex(ends[1])
        self.configuration = configuration
        self.provider = provider
    }

    deinit {
        endRunning()
        close(isRunning)
    }

    /// Accepts associations; returns after ``stop()``, when those under way have ended.
    package func run() {
        while let ready = waitForPeers() {
            for place in ready { accept(at: sockets[place], tls: place == 0 ? nil : tls) }
        }
        if state.withLock({ $0.threads == 0 }) { ended.open() }
        ended.wait()
    }

    private func accept(at socket: ListeningSocket, tls: TLSContext?) {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let peer = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.accept(socket.descriptor, $0, &length) }
        }
        guard peer >= 0 else {
            // Out of descriptors or memory: let some be given back.
            if ![EINTR, ECONNABORTED, EAGAIN].contains(errno) { usleep(50_000) }
            return
        }
        _ = fcntl(peer, F_SETFD, FD_CLOEXEC)
        admit(Connection(peer, peerAddress: numericHost(&address, length)), tls)
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

    /// Waits for the next peers; the places of the sockets they are at, or nil when it is to stop.
    private func waitForPeers() -> [Int]? {
        var events = (sockets.map(\.descriptor) + [isRunning]).map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        poll(&events, nfds_t(events.count), -1)
        if state.withLock({ $0.isStopping }) { return nil }
        return sockets.indices.filter { events[$0].revents != 0 }
    }

    private func admit(_ connection: Connection, _ tls: TLSContext?) {
        let count = state.withLock { state in
            // Beyond the limit some connections still get the answer that says so; those beyond are closed.
            guard !state.isStopping, state.connections.count < configuration.maximumAssociations + 8 else {
                return nil as Int?
            }
            state.connections[ObjectIdentifier(connection)] = connection
            state.threads += 1
            return state.connections.count
        }
        guard let count else { return }
        let isStarted = Thread.startIfPossible { [self] in
            // Who reads waits for it; a modality has time. On Linux it is of this thread only (setpriority(2), nice(2)).
            setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 5)
            let begin = ContinuousClock.now
            var summary = serve(connection, tls, isBeyondLimit: count > configuration.maximumAssociations)
            summary.duration = begin.duration(to: .now)
            end(connection, summary)
        }
        guard !isStarted else { return }
        let info = AssociationInfo(peerAddress: connection.peerAddress)
        end(connection, AssociationSummary(association: info, ending: "no association: no thread can be had for it"))
    }

    private func end(_ connection: Connection, _ summary: AssociationSummary) {
        // Its place is free before the peer can know.
        state.withLock { _ = $0.connections.removeValue(forKey: ObjectIdentifier(connection)) }
        provider.associationEnded(summary)
        let isLast = state.withLock { state in
            state.threads -= 1
            return state.isStopping && state.threads == 0
        }
        if isLast { ended.open() }
    }

    private func serve(_ connection: Connection, _ tls: TLSContext?, isBeyondLimit: Bool) -> AssociationSummary {
        let deadline = ContinuousClock.now + .seconds(configuration.handshakeSeconds)
        var info = AssociationInfo(peerAddress: connection.peerAddress)
        // Who fails to agree on TLS would not understand more than the end.
        var stream: (any ByteStream)?
        do throws(AssociationFailure) {
            if let tls {
                let secured = try TLSStream(connection, tls, until: deadline)
                info.tls = secured.summary
                stream = secured
            } else {
                stream = PlainStream(connection)
            }
            guard let stream else { throw .malformed }
            let request = try Association.receiveRequest(stream, until: deadline)
            info.callingAETitle = request.callingAETitle
            info.calledAETitle = request.calledAETitle
            return try serve(request, stream, info, isBeyondLimit: isBeyondLimit)
        } catch {
            // Before there is an association it is the service user's (PS3.8 9.2.3, AA-1).
            stream?.writeLast(AssociationAbort.user.encoded)
            return AssociationSummary(association: info, ending: "no association: \(error)")
        }
    }

    private func serve(
        _ request: AssociationRequest, _ stream: any ByteStream, _ info: AssociationInfo, isBeyondLimit: Bool
    ) throws(AssociationFailure) -> AssociationSummary {
        func reject(_ rejection: AssociationRejection, _ why: String) -> AssociationSummary {
            stream.writeLast(rejection.encoded)
            return AssociationSummary(association: info, ending: "rejected: \(why)")
        }
        if isBeyondLimit { return reject(.localLimit, "\(configuration.maximumAssociations) associations are open") }
        let rights: ServiceRights
        switch provider.decide(info) {
        case .accept(let granted): rights = granted
        case .rejectCalledAETitle(let why): return reject(.calledAETitle, why)
        case .rejectCallingAETitle(let why): return reject(.callingAETitle, why)
        }
        let limits = AssociationLimits(
            idleSeconds: configuration.idleSeconds,
            lifetime: configuration.associationSeconds.map { (.now + .seconds($0), $0) },
            isStopping: { [self] in state.withLock { $0.isStopping } })
        let policy = PresentationContextPolicy(rights: rights, isTarget: provider.canTranscode)
        let association = try Association.accept(
            request, policy, on: stream, info: info, longest: configuration.maximumPDULength, limits: limits)
        return AssociationTask(association, provider: provider).run()
    }
}

/// Why no associations can be accepted, in a sentence.
package struct ListenError: Error, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
