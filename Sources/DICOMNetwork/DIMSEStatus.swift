/// The Status (0000,0900) of a DIMSE response (PS3.7 annex C; for storage PS3.4 section B.2.3, for query/retrieve C.4).
package struct DIMSEStatus: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    package let rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// 0000: done.
    package static let success = DIMSEStatus(rawValue: 0x0000)
    /// FF00: more responses follow.
    package static let pending = DIMSEStatus(rawValue: 0xFF00)
    /// FF01: more responses follow, and some keys are not supported.
    package static let pendingWithUnsupportedKeys = DIMSEStatus(rawValue: 0xFF01)
    /// FE00: ended by C-CANCEL.
    package static let cancelled = DIMSEStatus(rawValue: 0xFE00)
    /// B000: done, but for some sub-operations.
    package static let someSuboperationsFailed = DIMSEStatus(rawValue: 0xB000)
    /// B001: there are more matches than the limit.
    package static let matchLimitReached = DIMSEStatus(rawValue: 0xB001)
    /// B007: stored, though the data set is of another SOP Class than the command said.
    package static let dataSetDoesNotMatchSOPClass = DIMSEStatus(rawValue: 0xB007)
    /// A700: refused, out of resources.
    package static let outOfResources = DIMSEStatus(rawValue: 0xA700)
    /// A701: refused, the number of matches cannot be told.
    package static let cannotCountMatches = DIMSEStatus(rawValue: 0xA701)
    /// A702: refused, no sub-operation can be performed.
    package static let cannotPerformSuboperations = DIMSEStatus(rawValue: 0xA702)
    /// A801: the move destination is unknown.
    package static let moveDestinationUnknown = DIMSEStatus(rawValue: 0xA801)
    /// A900: the data set is not what the command says.
    package static let dataSetDoesNotMatch = DIMSEStatus(rawValue: 0xA900)
    /// C000: the data set cannot be understood.
    package static let cannotUnderstand = DIMSEStatus(rawValue: 0xC000)
    /// 0110: the request was not fulfilled for a reason of our own.
    package static let processingFailure = DIMSEStatus(rawValue: 0x0110)
    /// 0112: no such SOP Instance.
    package static let noSuchInstance = DIMSEStatus(rawValue: 0x0112)
    /// 0115: an argument of a wrong value.
    package static let invalidArgument = DIMSEStatus(rawValue: 0x0115)
    /// 0119: the SOP Instance is of another SOP Class.
    package static let classInstanceConflict = DIMSEStatus(rawValue: 0x0119)
    /// 0122: no such service on this presentation context.
    package static let sopClassNotSupported = DIMSEStatus(rawValue: 0x0122)
    /// 0123: no such action.
    package static let noSuchAction = DIMSEStatus(rawValue: 0x0123)
    /// 0124: the peer may not do this.
    package static let notAuthorized = DIMSEStatus(rawValue: 0x0124)
    /// 0213: too much at a time.
    package static let resourceLimitation = DIMSEStatus(rawValue: 0x0213)
    /// 0211: no such operation.
    package static let unrecognizedOperation = DIMSEStatus(rawValue: 0x0211)

    /// Whether more responses follow.
    package var isPending: Bool { self == .pending || self == .pendingWithUnsupportedKeys }

    /// Whether it was done with reservations (PS3.7 annex C).
    package var isWarning: Bool {
        rawValue >> 12 == 0xB || rawValue == 0x0001 || rawValue == 0x0107 || rawValue == 0x0116
    }

    /// Four hexadecimal digits.
    package var description: String {
        let digits = String(rawValue, radix: 16, uppercase: true)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }
}
