import DICOMNetwork

/// The association over which the instances of C-MOVE requests go to a destination: kept for the next request of the same
/// association. Used by the thread of that, and after that by who ends it.
final class MoveDestination: @unchecked Sendable {
    /// How long it may still take to answer for the instance that is on its way, when nobody waits for that any more.
    private static let grace = Duration.seconds(2)

    /// The request whose instances go there now; nil between two.
    var operation: Operation? { didSet { unwantedSince = nil } }
    private var unwantedSince: ContinuousClock.Instant?
    private(set) lazy var user = StoreUser(wanted)
    private var wanted: RequestedAssociation

    /// - Parameters:
    ///   - wanted: the association without contexts.
    ///   - isStopping: whether no request is answered any more.
    init(_ wanted: RequestedAssociation, isStopping: @escaping @Sendable () -> Bool) {
        self.wanted = wanted
        self.wanted.isStopping = { [weak self] in isStopping() || self?.isUnwanted == true }
    }

    /// Whether nobody waits for what goes there, and has not for a while: the request was cancelled, or its association has ended.
    private var isUnwanted: Bool {
        guard let operation, (try? operation.isCancelled()) != false else { return false }
        let since = unwantedSince ?? .now
        unwantedSince = since
        return since + Self.grace <= .now
    }
}
