import Glibc
import Synchronization

/// The addresses of the hosts that the settings name: looked up when they are asked for, and remembered for a minute.
///
/// Threads may ask at once. A look-up holds up only who asks: for as long as getaddrinfo(3) takes, which resolv.conf(5) bounds
/// (`timeout` and `attempts`, by default 5 s twice for each name server). A name without addresses is asked for again
/// after 5 s, and has those that were found last for an hour.
final class PeerNames: Sendable {
    private let found = Mutex<[String: Answer]>([:])
    private let lookUp: @Sendable (String) -> Set<PeerAddress>
    private let now: @Sendable () -> ContinuousClock.Instant

    private struct Answer {
        var addresses: Set<PeerAddress>
        var end: ContinuousClock.Instant
        /// When the addresses were found.
        var found: ContinuousClock.Instant
    }

    /// For how long a name has the addresses that were found last, when none are found any more.
    private static let longestLast = Duration.seconds(3600)

    /// - Parameters:
    ///   - now: the clock.
    ///   - lookUp: all addresses of a name; none when it cannot be resolved.
    init(
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        lookUp: @escaping @Sendable (String) -> Set<PeerAddress> = PeerNames.resolve
    ) {
        self.now = now
        self.lookUp = lookUp
    }

    /// Whether a host has an address. A name that cannot be resolved has none.
    func isAddress(_ address: PeerAddress, of host: PeerHost) -> Bool {
        if let own = host.address { return own == address }
        let name = host.description.lowercased()
        if let answer = found.withLock({ $0[name] }), answer.end > now() { return answer.addresses.contains(address) }
        // Not within the lock: others ask for other names meanwhile.
        let addresses = lookUp(name)
        let now = now()
        let answer = found.withLock { found in
            var answer = Answer(addresses: addresses, end: now + .seconds(addresses.isEmpty ? 5 : 60), found: now)
            // A name server that is away for a while makes no stranger of a peer.
            if addresses.isEmpty, let last = found[name], now < last.found + Self.longestLast {
                (answer.addresses, answer.found) = (last.addresses, last.found)
            }
            found[name] = answer
            return answer
        }
        return answer.addresses.contains(address)
    }

    /// Forgets what was found.
    func forget() { found.withLock { $0.removeAll() } }

    private static func resolve(_ name: String) -> Set<PeerAddress> {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &first) == 0 else { return [] }
        defer { freeaddrinfo(first) }
        var addresses: Set<PeerAddress> = []
        var entry = first
        while let each = entry {
            if let address = each.pointee.ai_addr.flatMap({ PeerAddress($0) }) { addresses.insert(address) }
            entry = each.pointee.ai_next
        }
        return addresses
    }
}
