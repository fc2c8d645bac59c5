/// A-ABORT (PS3.8 9.3.8): which part of us ends an association at once, and why.
struct AssociationAbort: Sendable {
    /// 0 the service user: what uses the association, and speaks DIMSE over it. 2 the service provider: the upper layer.
    var source: UInt8
    /// The service provider's.
    var reason: UInt8 = 0

    static let user = AssociationAbort(source: 0)
    static let unrecognizedPDU = AssociationAbort(source: 2, reason: 1)
    static let unexpectedPDU = AssociationAbort(source: 2, reason: 2)
    static let invalidParameter = AssociationAbort(source: 2, reason: 6)

    var encoded: [UInt8] { PDU.encoded(PDU.abort, [0, 0, source, reason]) }
}
