import DICOMArchive
import DICOMNetwork
import Synchronization

/// C-MOVE and C-GET (PS3.4 C.4.2 and C.4.3).
extension ArchiveProvider {
    func move(_ operation: Operation) throws -> OperationResult {
        let title = operation.moveDestination
        guard let peer = peers.destination(aeTitle: title) else {
            note("move by \(operation.info.peer): no peer with the AE title \(title) has a port", isProblem: true)
            return OperationResult(.moveDestinationUnknown, errorComment: "no peer here has the AE title \(title)")
        }
        guard let wanted = peer.association(as: configuration.aeTitle, configuration.tls) else {
            return OperationResult(
                .cannotPerformSuboperations, errorComment: "\(peer.name) wants TLS, which is not set up")
        }
        return try retrieve(operation) { instances, suboperations in
            let destination = destination(of: operation, peer, wanted)
            destination.operation = operation
            defer { destination.operation = nil }
            destination.user.prepare(Set(instances.map { StoreUser.Kind($0.sopClassUID, $0.transferSyntaxUID) }))
            let originator = MoveOriginator(aeTitle: operation.info.callingAETitle, messageID: operation.messageID)
            let result = try suboperations.run {
                try destination.user.send($0, originator: originator, meanwhile: $1)
            }
            log(operation, suboperations, "move to \(peer.name) by")
            return result
        }
    }

    func get(_ operation: Operation) throws -> OperationResult {
        try retrieve(operation) { _, suboperations in
            let result = try suboperations.run { try operation.send($0, meanwhile: $1) }
            log(operation, suboperations, "get by")
            return result
        }
    }

    private func retrieve(
        _ operation: Operation, _ send: ([RetrievedInstance], inout Suboperations) throws -> OperationResult
    ) throws -> OperationResult {
        var instances: [RetrievedInstance] = []
        do {
            let identifier = try RetrieveIdentifier(
                bytes: operation.identifier, transferSyntaxUID: operation.transferSyntaxUID,
                root: QueryRetrieveRoot(operation.sopClassUID), defaultCharacterSet: archive.defaultCharacterSet)
            // Their number is told with the first response.
            try archive.instances(of: identifier.retrieval, while: { (try? operation.isCancelled()) == false }) {
                instances.append($0)
                return true
            }
            if try operation.isCancelled() { return OperationResult(.cancelled) }
            instances.sort()
        } catch let error as IdentifierError {
            return refuse(operation, error)
        } catch let error as ArchiveError {
            note("\(operation.kind) of \(operation.info.peer) failed: \(error)", isProblem: true)
            return OperationResult(.cannotCountMatches, errorComment: error.description)
        }
        var suboperations = Suboperations(archive, operation, instances)
        return try send(instances, &suboperations)
    }

    private func log(_ operation: Operation, _ suboperations: Suboperations, _ what: String) {
        let counts = suboperations.counts
        var line = "\(what) \(operation.info.peer): \(counts.completed) sent, \(counts.failed) failed"
        if counts.warning > 0 { line += ", \(counts.warning) with a warning" }
        if counts.remaining > 0 { line += ", \(counts.remaining) cancelled" }
        if counts.failed > 0 { line += "; \(suboperations.lastFailure)" }
        note(line, isProblem: counts.failed > 0)
    }

    /// The destination that was kept for this association, or a new one.
    private func destination(
        of operation: Operation, _ peer: Peer, _ wanted: RequestedAssociation
    ) -> MoveDestination {
        let id = operation.info.id
        if let kept = destinations.withLock({ $0[id]?[peer] }) { return kept }
        let new = MoveDestination(wanted, isStopping: operation.isStopping)
        destinations.withLock { $0[id, default: [:]][peer] = new }
        return new
    }
}

extension QueryRetrieveRoot {
    /// The root of a SOP Class for query or retrieval.
    init(_ sopClassUID: String) {
        switch sopClassUID {
        case SOPClass.patientRootFind, SOPClass.patientRootMove, SOPClass.patientRootGet: self = .patient
        default: self = .study
        }
    }
}
