import DICOM
import DICOMArchive
import DICOMNetwork

/// C-FIND (PS3.4 C.4.1).
extension ArchiveProvider {
    func find(_ operation: Operation) throws -> OperationResult {
        let identifier: FindIdentifier
        do throws(IdentifierError) {
            identifier = try FindIdentifier(
                bytes: operation.identifier, transferSyntaxUID: operation.transferSyntaxUID,
                root: QueryRetrieveRoot(operation.sopClassUID), isDateTimeCombined: operation.isDateTimeCombined,
                defaultCharacterSet: archive.defaultCharacterSet)
        } catch {
            return refuse(operation, error)
        }
        let pending: DIMSEStatus = identifier.hasUnsupportedKeys ? .pendingWithUnsupportedKeys : .pending
        var answers = 0
        var final = OperationResult(.success)
        // A long search for few matches looks up too.
        try archive.find(identifier.query, while: { (try? operation.isCancelled()) == false }) { match in
            if try operation.isCancelled() { return false }
            if let limit = configuration.findLimit, answers == limit {
                final = OperationResult(.matchLimitReached, errorComment: "more than \(limit) matches: ask for less")
                return false
            }
            let answer = try identifier.answer(
                match, encodedAs: operation.transferSyntaxUID, retrieveAETitle: configuration.aeTitle)
            try operation.respond(OperationResult(pending, identifier: answer))
            answers += 1
            return true
        }
        if try operation.isCancelled() { final = OperationResult(.cancelled) }
        return final
    }

    /// The answer to an identifier that cannot be followed.
    func refuse(_ operation: Operation, _ error: IdentifierError) -> OperationResult {
        note("\(operation.kind) of \(operation.info.peer) refused: \(error.comment)", isProblem: true)
        return OperationResult(
            error.status, errorComment: error.comment, offendingElements: error.offendingElements.map(\.rawValue))
    }
}
