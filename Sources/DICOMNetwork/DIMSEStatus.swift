/// The Status (0000,0900) of a DIMSE response (PS3.7 annex C; for storage PS3.4 section B.2.3).
package struct DIMSEStatus: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// 0000: done.
    package static let success = DIMSEStatus(rawValue: 0x0000)
    /// B007: stored, though the data set is of another SOP Class than the command said.
    package static let dataSetDoesNotMatchSOPClass = DIMSEStatus(rawValue: 0xB007)
    /// A700: refused, out of resources.
    package static let outOfResources = DIMSEStatus(rawValue: 0xA700)
    /// A900: the data set is not what the command says.
    package static let dataSetDoesNotMatch = DIMSEStatus(rawValue: 0xA900)
    /// C000: the data set cannot be understood.
    package static let cannotUnderstand = DIMSEStatus(rawValue: 0xC000)
    /// 0110: the request was not fulfilled for a reason of our own.
    package static let processingFailure = DIMSEStatus(rawValue: 0x0110)
    /// 0122: no such service on this presentation context.
    package static let sopClassNotSupported = DIMSEStatus(rawValue: 0x0122)
    /// 0211: no such operation.
    package static let unrecognizedOperation = DIMSEStatus(rawValue: 0x0211)
}
