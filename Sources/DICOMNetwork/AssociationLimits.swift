/// How long an association may wait and last.
struct AssociationLimits: Sendable {
    /// For which a peer may be silent, and within which each PDU must have arrived in whole.
    var idleSeconds: Int
    /// When it has lasted long enough; how long that is. Nil for ever.
    var lifetime: (end: ContinuousClock.Instant, seconds: Int)?
    /// Whether we want no more of it.
    var isStopping: @Sendable () -> Bool = { false }

    /// When the next PDU must have been read or written.
    var deadline: ContinuousClock.Instant {
        let idle = ContinuousClock.now + .seconds(idleSeconds)
        return lifetime.map { min($0.end, idle) } ?? idle
    }

    /// Throws when the association is to end by our will.
    func check() throws(AssociationEnd) {
        if isStopping() { throw .stopped }
        if let lifetime, lifetime.end <= .now {
            throw AssociationEnd(
                "ended by us: it lasted more than the \(lifetime.seconds) seconds that it may", .abort(.user))
        }
    }
}
