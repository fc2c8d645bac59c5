import Synchronization

private let counter = Atomic<UInt64>(0)

/// Who the two ends of an association are.
package struct AssociationInfo: Sendable {
    /// Tells it from all others of this process.
    package let id = counter.wrappingAdd(1, ordering: .relaxed).newValue
    /// Of the peer, without padding. Empty when it never said. Of an association that we asked for: what we call it.
    package var callingAETitle = ""
    /// What the peer called us.
    package var calledAETitle = ""
    /// The peer's address, numeric.
    package var peerAddress: String
    /// Of a connection through TLS: the protocol and whom the peer's certificate is for; nil without.
    package var tls: String?
}

/// What becomes of an association request (PS3.8 9.3.4).
package enum AssociationDecision: Sendable {
    /// For these services.
    case accept(ServiceRights)
    /// Why, as a clause for the log.
    case rejectCalledAETitle(String)
    case rejectCallingAETitle(String)
}

/// An association that ended, for one line of log.
package struct AssociationSummary: Sendable {
    package var association: AssociationInfo
    /// C-STORE requests answered with success or a warning.
    package var stored = 0
    /// C-STORE requests answered with a failure.
    package var refused = 0
    /// Bytes of data sets received.
    package var bytes = 0
    /// C-FIND, C-MOVE, C-GET and N-ACTION requests answered.
    package var operations = 0
    /// Matches sent to C-FIND.
    package var matches = 0
    /// Instances sent to C-GET.
    package var sent = 0
    package var duration = Duration.zero
    /// How it ended, as a clause: "released", "aborted by the peer".
    package var ending = ""
}
