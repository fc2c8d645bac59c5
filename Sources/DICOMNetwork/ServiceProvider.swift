/// Takes the instances that arrive by C-STORE (PS3.4 annex B).
package protocol StoreProvider: Sendable {
    /// Begins C-STORE (PS3.7 9.1.1): the data set goes to what this returns.
    func beginStore(_ request: StoreRequest) -> any StoreReceiver
}

/// The application behind a ``AssociationListener``: what it does with requests.
///
/// Called from the threads of the associations, several at once; each call may block.
package protocol ServiceProvider: StoreProvider {
    /// Whether an association is accepted, and for what.
    func decide(_ association: AssociationInfo) -> AssociationDecision

    /// Whether a peer may still use a service: rights can change while its association is open. Asked for each request.
    func may(_ right: ServiceRights, _ association: AssociationInfo) -> Bool

    /// Whether a stored data set can be sent in a transfer syntax, whatever it was stored in.
    func canTranscode(to transferSyntaxUID: String) -> Bool

    /// Answers C-ECHO (PS3.7 9.1.5).
    func echo(_ association: AssociationInfo) -> DIMSEStatus

    /// Answers C-FIND, C-MOVE or C-GET (PS3.7 9.1.2 to 9.1.4): pending responses by way of the operation, the last one is what
    /// this returns. What the operation throws must be let through.
    func perform(_ operation: Operation) throws -> OperationResult

    /// Answers N-ACTION of storage commitment (PS3.4 J.3.2).
    func requestCommitment(_ request: CommitmentRequest) -> CommitmentAnswer

    /// The peer of a commitment answered the report that it was sent over its own association, or did not.
    func commitmentReported(_ report: CommitmentReport, to association: AssociationInfo, isDelivered: Bool)

    /// Takes the report on a commitment that we requested (PS3.4 J.3.3).
    func receiveReport(_ report: ReceivedReport) -> DIMSEStatus

    /// A peer has said nothing for a moment after a C-MOVE: what was kept for its next one can go.
    func associationPaused(_ association: AssociationInfo)

    /// An association, or an attempt at one, has ended. What was kept for it can go.
    func associationEnded(_ summary: AssociationSummary)
}

extension ServiceProvider {
    /// Accepts every association, for everything.
    package func decide(_ association: AssociationInfo) -> AssociationDecision { .accept(.all) }

    /// Yes.
    package func may(_ right: ServiceRights, _ association: AssociationInfo) -> Bool { true }

    /// No.
    package func canTranscode(to transferSyntaxUID: String) -> Bool { false }

    /// Keeps it.
    package func associationPaused(_ association: AssociationInfo) {}

    /// Success.
    package func echo(_ association: AssociationInfo) -> DIMSEStatus { .success }
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

/// A request for storage commitment (PS3.4 J.3.2): N-ACTION.
package struct CommitmentRequest: Sendable {
    package var association: AssociationInfo
    /// The data set: Transaction UID, Referenced SOP Sequence.
    package var dataSet: [UInt8]
    package var transferSyntaxUID: String
}

/// The answer to one.
package struct CommitmentAnswer: Sendable {
    package var response: StoreResponse
    /// Of one that is accepted: what is reported then.
    package var report: CommitmentReport?

    package init(_ response: StoreResponse, report: CommitmentReport? = nil) {
        self.response = response
        self.report = report
    }
}

/// A report on a storage commitment (PS3.4 J.3.3): N-EVENT-REPORT.
package struct CommitmentReport: Sendable {
    /// 1: all is committed to; 2: not all.
    package var eventTypeID: UInt16
    /// How many instances it is about.
    package var instances: Int
    /// The data set in a transfer syntax.
    package var dataSet: @Sendable (_ transferSyntaxUID: String) -> [UInt8]

    package init(
        eventTypeID: UInt16, instances: Int, dataSet: @escaping @Sendable (_ transferSyntaxUID: String) -> [UInt8]
    ) {
        self.instances = instances
        self.eventTypeID = eventTypeID
        self.dataSet = dataSet
    }
}

/// A report that arrived.
package struct ReceivedReport: Sendable {
    package var association: AssociationInfo
    /// 1: all is committed to; 2: not all.
    package var eventTypeID: UInt16
    /// Transaction UID, Referenced SOP Sequence, Failed SOP Sequence.
    package var dataSet: [UInt8]
    package var transferSyntaxUID: String
}
