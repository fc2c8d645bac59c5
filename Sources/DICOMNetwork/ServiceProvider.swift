/// The application behind a ``AssociationListener``: what it does with requests.
///
/// Called from the threads of the associations, several at once; each call may block.
package protocol ServiceProvider: Sendable {
    /// Whether an association is accepted.
    func decide(_ association: AssociationInfo) -> AssociationDecision

    /// Answers C-ECHO (PS3.7 9.1.5).
    func echo(_ association: AssociationInfo) -> DIMSEStatus

    /// Begins C-STORE (PS3.7 9.1.1): the data set goes to what this returns.
    func beginStore(_ request: StoreRequest) -> any StoreReceiver

    /// An association, or an attempt at one, has ended.
    func associationEnded(_ summary: AssociationSummary)
}

extension ServiceProvider {
    /// Accepts every association.
    package func decide(_ association: AssociationInfo) -> AssociationDecision { .accept }

    /// Success.
    package func echo(_ association: AssociationInfo) -> DIMSEStatus { .success }
}

/// Who the two ends of an association are.
package struct AssociationInfo: Sendable {
    /// Of the peer, without padding. Empty when it never said.
    package var callingAETitle = ""
    /// What the peer called us.
    package var calledAETitle = ""
    /// The peer's address, numeric.
    package var peerAddress: String
}

/// What becomes of an association request (PS3.8 9.3.4).
package enum AssociationDecision: Sendable {
    case accept
    case rejectCalledAETitle
    case rejectCallingAETitle
}

/// A C-STORE request, as its command set has it.
package struct StoreRequest: Sendable {
    package var association: AssociationInfo
    package var messageID: UInt16
    /// Affected SOP Class UID (0000,0002).
    package var sopClassUID: String
    /// Affected SOP Instance UID (0000,1000).
    package var sopInstanceUID: String
    /// Of the presentation context: what the data set is encoded in.
    package var transferSyntaxUID: String
}

/// Takes the data set of one C-STORE request. Used by one thread at a time.
package protocol StoreReceiver: AnyObject {
    /// The next bytes of the data set, borrowed for the call. When it throws, the rest is drained and ``finish()`` called.
    func receive(_ bytes: RawSpan) throws

    /// The data set is complete, or draining is: the answer to the request.
    func finish() -> StoreResponse

    /// The association died before the data set was complete: nothing of it may be kept.
    func abandon()
}

/// The answer to a C-STORE request.
package struct StoreResponse: Sendable {
    package var status: DIMSEStatus
    /// Error Comment (0000,0902): cut to 64 characters of ASCII.
    package var errorComment: String

    /// An answer; success by default.
    package init(_ status: DIMSEStatus = .success, errorComment: String = "") {
        self.status = status
        self.errorComment = errorComment
    }
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
    package var duration = Duration.zero
    /// How it ended, as a clause: "released", "aborted by the peer".
    package var ending = ""
}
