extension Association {
    /// Reads the request of a peer that connected.
    static func receiveRequest(
        _ stream: any ByteStream, until deadline: ContinuousClock.Instant
    ) throws(AssociationFailure) -> AssociationRequest {
        let head = try read(PDU.headerLength, of: stream, until: deadline)
        guard head[0] == PDU.associateRequest else {
            let first = String(head[0], radix: 16)
            throw AssociationFailure("not an association request: the first byte is \(first) hexadecimal")
        }
        let length = head[2...].reduce(0) { $0 << 8 | Int($1) }
        guard length <= AssociationRequest.longest else {
            throw AssociationFailure("an association request of \(length) bytes")
        }
        return try AssociationRequest(body: try read(length, of: stream, until: deadline))
    }

    private static func read(
        _ count: Int, of stream: any ByteStream, until deadline: ContinuousClock.Instant
    ) throws(AssociationFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        do throws(StreamFailure) { bytes = try stream.readAll(count, until: deadline) } catch {
            if error == .timedOut { throw AssociationFailure("no association request in time") }
        }
        guard bytes.count == count else {
            let isAtStart = bytes.isEmpty && count == PDU.headerLength
            throw AssociationFailure("connection closed \(isAtStart ? "before" : "within") the association request")
        }
        return bytes
    }

    /// Accepts a request, as far as the policy goes.
    ///
    /// - Parameter longest: bytes of the longest PDU that is offered to be taken.
    static func accept(
        _ request: AssociationRequest, _ policy: PresentationContextPolicy, on stream: any ByteStream,
        info: AssociationInfo, longest: Int, limits: AssociationLimits
    ) throws(AssociationFailure) -> Association {
        var answer = AssociationAnswer()
        answer.user.maximumLength = UInt32(longest)
        var accepted: [PresentationContext] = []
        for context in request.contexts {
            let proposed = request.user.roles[context.abstractSyntax]
            let (result, roles) = policy.answer(context, roles: proposed)
            answer.contexts.append((context.id, result))
            // Roles that were not proposed are not answered.
            if proposed != nil { answer.user.roles[context.abstractSyntax] = roles }
            guard case .accepted(let syntax) = result else { continue }
            accepted.append(
                PresentationContext(
                    id: context.id, abstractSyntax: context.abstractSyntax, transferSyntax: syntax,
                    isUser: roles.isProvider, isProvider: roles.isUser))
        }
        for (uid, information) in request.user.extendedNegotiation {
            answer.user.extendedNegotiation[uid] = agreed(uid, information)
        }
        do throws(StreamFailure) {
            try stream.writeAll(answer.encoded(to: request), until: limits.deadline)
        } catch {
            throw AssociationFailure(
                error == .timedOut ? "the peer does not take the answer" : "connection lost while accepting")
        }
        return Association(
            stream, info: info, contexts: accepted, extendedNegotiation: answer.user.extendedNegotiation,
            longest: longest, peerLongest: request.user.maximumLength, limits: limits)
    }

    /// What we agree to of extended negotiation for query/retrieve (PS3.4 C.5.1.1 to C.5.3.1): relational queries, and ranges of
    /// dates and times that are one. Nil where it has no meaning here.
    private static func agreed(_ uid: String, _ proposed: [UInt8]) -> [UInt8]? {
        switch SOPClass.right(of: uid) {
        case .find:
            proposed.enumerated().map { place, value in place < 2 && value == 1 ? 1 : 0 }
        case .move, .get: proposed.enumerated().map { place, value in place < 1 && value == 1 ? 1 : 0 }
        default: nil
        }
    }
}
