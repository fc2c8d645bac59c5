import DICOM
import DICOMArchive
import DICOMNetwork

/// The C-STORE sub-operations of a C-MOVE or C-GET (PS3.4 C.4.2 and C.4.3), and what is answered of them.
struct Suboperations {
    private let archive: Archive
    private let operation: Operation
    private let instances: [RetrievedInstance]
    private(set) var counts: SuboperationCounts
    /// The SOP Instance UIDs of those that failed, as many as an answer holds.
    private var failed: [String] = []
    private var failedLength = 0
    /// Why the last one failed.
    private(set) var lastFailure = ""

    init(_ archive: Archive, _ operation: Operation, _ instances: [RetrievedInstance]) {
        self.archive = archive
        self.operation = operation
        self.instances = instances
        counts = SuboperationCounts(remaining: instances.count)
    }

    /// Sends the instances one after another, each with a pending response after it.
    ///
    /// - Parameter send: sends one, and calls what it gets, with the transfer syntax, before it waits for the answer; throws when no
    ///   more can be sent.
    /// - Returns: the last response.
    mutating func run(_ send: (StoredInstance, (String) -> Void) throws -> StoreOutcome) throws -> OperationResult {
        var next: StoredInstance?
        for (place, instance) in instances.enumerated() {
            if try operation.isCancelled() { return result(.cancelled) }
            let ahead = next
            next = nil
            do {
                let outcome: StoreOutcome
                switch stored(instance, ahead) {
                case .success(let stored):
                    // While the peer takes it there is time to read the next.
                    outcome = try send(stored) { syntax in
                        next = following(place, isAsStored: syntax == stored.transferSyntaxUID)
                    }
                case .failure(let error): outcome = .unreadable(error.description)
                }
                count(outcome, instance.sopInstanceUID)
            } catch let error as AssociationFailure {
                // Perhaps because of that; the instance that was on its way remains.
                if try operation.isCancelled() { return result(.cancelled) }
                for rest in instances[place...] { count(.unreadable(error.description), rest.sopInstanceUID) }
                break
            }
            if place < instances.count - 1 { try operation.respond(OperationResult(.pending, counts: counts)) }
        }
        if counts.failed == counts.total, counts.total > 0 { return result(.cannotPerformSuboperations) }
        return result(counts.failed + counts.warning > 0 ? .someSuboperationsFailed : .success)
    }

    private func stored(
        _ instance: RetrievedInstance, _ ahead: StoredInstance? = nil
    ) -> Result<StoredInstance, ArchiveError> {
        if let ahead { return .success(ahead) }
        return Result { () throws(ArchiveError) in
            guard let file = try archive.file(instance.node) else { throw ArchiveError(.notFound, "deleted meanwhile") }
            return StoredInstance(archive: archive, file: file)
        }
    }

    /// The one after a place: read ahead when it, like that, is likely to be sent as it is stored.
    private func following(_ place: Int, isAsStored: Bool) -> StoredInstance? {
        guard isAsStored, place + 1 < instances.count, var next = try? stored(instances[place + 1]).get() else {
            return nil
        }
        next.readAhead()
        return next
    }

    private mutating func count(_ outcome: StoreOutcome, _ uid: String) {
        let failures = counts.failed
        counts.count(outcome)
        guard counts.failed > failures else { return }
        lastFailure = "\(uid): \(outcome)"
        // A value of UI has 65,534 bytes in explicit VR.
        guard failedLength + uid.utf8.count + 1 < 65_534 else { return }
        failedLength += uid.utf8.count + 1
        failed.append(uid)
    }

    /// With the list of those that failed, unless all went well (PS3.4 C.4.2.1.4.2).
    private func result(_ status: DIMSEStatus) -> OperationResult {
        var result = OperationResult(status, counts: counts)
        guard status != .success else { return result }
        if counts.failed > 0 { result.errorComment = lastFailure }
        var identifier = DataSetWriter(
            isExplicit: TransferSyntax(operation.transferSyntaxUID).nominalEncoding.isExplicit)
        identifier.put(.failedSOPInstanceUIDList, .ui, Array(failed.joined(separator: "\\").utf8))
        result.identifier = identifier.bytes
        return result
    }
}

extension StoreOutcome: CustomStringConvertible {
    /// A clause for the log.
    package var description: String {
        switch self {
        case .answered(let status, let comment): comment.isEmpty ? "status \(status)" : "status \(status), \(comment)"
        case .noContext: "no presentation context for it was accepted"
        case .unreadable(let why): why
        }
    }
}
