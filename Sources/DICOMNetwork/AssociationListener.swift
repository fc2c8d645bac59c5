import CDCMTK
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
        /// Seconds for which a peer may be silent.
        package var idleSeconds = 60
        /// The longest PDU offered, in bytes (PS3.8 annex D.1).
        package var maximumPDULength = 131_072
        /// Whether peers must call us by our AE title.
        package var checksCalledAETitle = false

        /// The defaults.
        package init() {}
    }

    /// The port it is bound to.
    package let port: Int
    private let configuration: Configuration
    private let provider: any ServiceProvider
    private let network: Network
    private let listener: Int32
    private let state = Mutex(State())
    private let ended = Gate()

    private struct State {
        var isStopping = false
        /// Sockets of the connections being served.
        var sockets: Set<Int32> = []
    }

    /// Binds and listens; peers wait until ``run()``.
    package init(configuration: Configuration, provider: any ServiceProvider) throws(ListenError) {
        guard let network = Network() else { throw ListenError("DCMTK cannot be initialized") }
        (listener, port) = try Self.listen(configuration)
        self.network = network
        self.configuration = configuration
        self.provider = provider
    }

    deinit { close(listener) }

    /// Accepts associations; returns after ``stop()``, when those under way have ended.
    package func run() {
        while true {
            var address = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let socket = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { accept(listener, $0, &length) }
            }
            if state.withLock({ $0.isStopping }) {
                if socket >= 0 { close(socket) }
                break
            }
            guard socket >= 0 else {
                // Out of descriptors or memory: let some be given back.
                if errno != EINTR, errno != ECONNABORTED { usleep(50_000) }
                continue
            }
            _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
            admit(socket, peer: Self.numericHost(&address, length))
        }
        if state.withLock({ $0.sockets.isEmpty }) { ended.open() }
        ended.wait()
    }

    /// Makes ``run()`` return: no more associations; those under way may answer what they are answering, then end.
    package func stop() {
        state.withLock { state in
            state.isStopping = true
            // No more is read from the peers; an answer under way still goes out.
            for socket in state.sockets { shutdown(socket, Int32(SHUT_RD)) }
        }
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func admit(_ socket: Int32, peer: String) {
        let count = state.withLock { state in
            state.sockets.insert(socket)
            return state.sockets.count
        }
        // Beyond the limit some connections still get the answer that says so; those beyond are closed.
        guard count <= configuration.maximumAssociations + 8 else {
            _ = state.withLock { $0.sockets.remove(socket) }
            close(socket)
            return
        }
        Thread.start { [self] in
            let begin = ContinuousClock.now
            var summary = serve(socket, peer: peer, isBeyondLimit: count > configuration.maximumAssociations)
            summary.duration = begin.duration(to: .now)
            provider.associationEnded(summary)
            let isLast = state.withLock { state in
                state.isStopping && state.sockets.isEmpty
            }
            if isLast { ended.open() }
        }
    }

    private func serve(_ socket: Int32, peer: String, isBeyondLimit: Bool) -> AssociationSummary {
        // Out of the set before the descriptor is closed, and its number can be another's.
        var isListed = true
        func unlist() {
            if isListed { _ = state.withLock { $0.sockets.remove(socket) } }
            isListed = false
        }
        defer { unlist() }
        do throws(AssociationFailure) {
            let association = try Association(network, socket: socket, peerAddress: peer, configuration: configuration)
            defer { withExtendedLifetime(association) { unlist() } }
            if let refusal = refusal(of: association, isBeyondLimit: isBeyondLimit) { return refusal }
            guard association.accept() else {
                return AssociationSummary(association: association.info, ending: "connection lost while accepting")
            }
            return AssociationTask(association, provider: provider).run()
        } catch {
            return AssociationSummary(
                association: AssociationInfo(peerAddress: peer), ending: "no association: \(error.sentence)")
        }
    }

    private func refusal(of association: Association, isBeyondLimit: Bool) -> AssociationSummary? {
        var summary = AssociationSummary(association: association.info)
        if isBeyondLimit {
            association.reject(cdcmtk_reject_local_limit)
            summary.ending = "rejected: \(configuration.maximumAssociations) associations are open"
            return summary
        }
        var decision = provider.decide(association.info)
        if configuration.checksCalledAETitle, association.info.calledAETitle != configuration.aeTitle {
            decision = .rejectCalledAETitle
        }
        switch decision {
        case .accept: return nil
        case .rejectCalledAETitle:
            association.reject(cdcmtk_reject_called_ae_title)
            summary.ending = "rejected: called AE title not ours"
        case .rejectCallingAETitle:
            association.reject(cdcmtk_reject_calling_ae_title)
            summary.ending = "rejected: calling AE title not allowed"
        }
        return summary
    }
}

/// Why no associations can be accepted, in a sentence.
package struct ListenError: Error, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
