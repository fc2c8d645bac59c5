import DICOM
import DICOMArchive
import DICOMNetwork

/// What a storage commitment is about (PS3.4 J.3.2.1): the data set of its N-ACTION, and of the report on it.
package struct CommitmentIdentifier: Sendable {
    /// A SOP Instance that is referred to.
    package struct Reference: Hashable, Sendable {
        package var sopClassUID: String
        package var sopInstanceUID: String

        package init(sopClassUID: String, sopInstanceUID: String) {
            self.sopClassUID = sopClassUID
            self.sopInstanceUID = sopInstanceUID
        }
    }

    package var transactionUID: String
    package var references: [Reference]
    /// With the Failure Reason (0008,1197) of each.
    package var failures: [(reference: Reference, reason: UInt16)] = []

    /// The most instances of one transaction that are taken.
    package static let mostReferences = 20_000

    /// A request.
    package init(transactionUID: String, references: [Reference]) {
        self.transactionUID = transactionUID
        self.references = references
    }

    /// Reads a data set that may be anything.
    package init(bytes: [UInt8], transferSyntaxUID: String) throws(IdentifierError) {
        // What is no element ends it; a sequence of any length is one of thousands of instances.
        let header = DataSetHeader(bytes, encoding: TransferSyntax(transferSyntaxUID).nominalEncoding, bulk: [])
        guard let transaction = header.text(.transactionUID) else {
            throw IdentifierError(.invalidArgument, [.transactionUID], "Transaction UID is missing")
        }
        // It goes into the log.
        guard UID.isValid(transaction) else {
            throw IdentifierError(.invalidArgument, [.transactionUID], "Transaction UID is no UID")
        }
        transactionUID = transaction
        references = header.items(.referencedSOPSequence).map { Reference($0) }
        guard references.count <= Self.mostReferences else {
            throw IdentifierError(
                .resourceLimitation, [.referencedSOPSequence], "more than \(Self.mostReferences) instances at a time")
        }
        failures = header.items(.failedSOPSequence).prefix(Self.mostReferences).map {
            (Reference($0), UInt16(clamping: $0.integer(.failureReason) ?? 0))
        }
    }

    /// The data set.
    package func encoded(as transferSyntaxUID: String) -> [UInt8] {
        let isExplicit = TransferSyntax(transferSyntaxUID).nominalEncoding.isExplicit
        func item(_ reference: Reference, _ reason: UInt16? = nil) -> DataSetWriter {
            var item = DataSetWriter(isExplicit: isExplicit)
            item.put(.referencedSOPClassUID, .ui, Array(reference.sopClassUID.utf8))
            item.put(.referencedSOPInstanceUID, .ui, Array(reference.sopInstanceUID.utf8))
            if let reason { item.put(.failureReason, .us, [UInt8(truncatingIfNeeded: reason), UInt8(reason >> 8)]) }
            return item
        }
        var set = DataSetWriter(isExplicit: isExplicit)
        set.put(.transactionUID, .ui, Array(transactionUID.utf8))
        if !references.isEmpty { set.put(.referencedSOPSequence, items: references.map { item($0) }) }
        if !failures.isEmpty { set.put(.failedSOPSequence, items: failures.map { item($0.reference, $0.reason) }) }
        return set.bytes
    }
}

extension CommitmentIdentifier.Reference {
    fileprivate init(_ item: DataSetHeader) {
        sopClassUID = item.text(.referencedSOPClassUID) ?? ""
        sopInstanceUID = item.text(.referencedSOPInstanceUID) ?? ""
    }
}
