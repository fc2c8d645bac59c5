/// How an association is asked for.
package struct RequestedAssociation: Sendable {
    /// Our AE title.
    package var callingAETitle: String
    /// The peer's.
    package var calledAETitle: String
    /// A name, or a numeric address.
    package var host: String
    package var port: Int
    /// Nil without TLS.
    package var tls: TLSContext?
    /// At most 128.
    package var contexts: [ProposedContext]
    /// The classes for which we are to be the SCP: of storage for C-GET, and of storage commitment for a report.
    package var providedClasses: Set<String> = []
    /// Whether ranges of dates and times are to be one (PS3.4 C.5.1.1.5).
    package var combinesDateTime = false
    /// Seconds within which the connection must be there, and the answer to the request.
    package var connectSeconds = 15
    /// Seconds for which the peer may be silent.
    package var idleSeconds = 60
    package var maximumPDULength = 131_072
    /// Whether we want no more of it: asked twice a second while the peer is waited for.
    package var isStopping: @Sendable () -> Bool = { false }

    package init(
        calling: String, called: String, host: String, port: Int, tls: TLSContext? = nil, contexts: [ProposedContext]
    ) {
        callingAETitle = calling
        calledAETitle = called
        self.host = host
        self.port = port
        self.tls = tls
        self.contexts = contexts
    }

    fileprivate var request: AssociationRequest {
        var request = AssociationRequest(calling: callingAETitle, called: calledAETitle)
        request.user.maximumLength = UInt32(maximumPDULength)
        for (place, context) in contexts.prefix(128).enumerated() {
            var context = context
            context.id = UInt8(2 * place + 1)
            request.contexts.append(context)
            let uid = context.abstractSyntax
            if providedClasses.contains(uid) {
                request.user.roles[uid] = UserInformation.Roles(isUser: false, isProvider: true)
            }
            if combinesDateTime, SOPClass.right(of: uid) == .find {
                // Relational queries too: who combines wants what there is.
                request.user.extendedNegotiation[uid] = [1, 1, 0, 0]
            }
        }
        return request
    }
}

extension Association {
    /// Connects to a peer and agrees on an association.
    package static func request(_ wanted: RequestedAssociation) throws(AssociationFailure) -> Association {
        let connection = try Connection.to(
            wanted.host, port: wanted.port, seconds: wanted.connectSeconds, isStopping: wanted.isStopping)
        let deadline = ContinuousClock.now + .seconds(wanted.connectSeconds)
        var info = AssociationInfo(peerAddress: connection.peerAddress)
        info.callingAETitle = wanted.calledAETitle
        info.calledAETitle = wanted.callingAETitle
        let stream: any ByteStream
        if let tls = wanted.tls {
            let secured = try TLSStream(connection, tls, connectingTo: wanted.host, until: deadline)
            info.tls = secured.summary
            stream = secured
        } else {
            stream = PlainStream(connection)
        }
        let request = wanted.request
        let received: Result<AssociationAnswer, AssociationFailure>
        do throws(StreamFailure) {
            do throws(StreamFailure) { try stream.writeAll(request.encoded, until: deadline) } catch {
                // Who has closed already may have said why before.
                guard error == .closed else { throw error }
            }
            received = try Self.answer(on: stream, until: deadline)
        } catch {
            if error == .stopped { throw .stopped }
            // By TLS 1.3 the peer refuses our certificate only now.
            if let why = (stream as? TLSStream)?.failure { throw AssociationFailure("TLS: \(why)") }
            throw AssociationFailure(
                error == .timedOut
                    ? "the peer does not answer the association request"
                    : "the peer closes the connection instead of answering the association request",
                isTransient: true)
        }
        let answer = try received.get()
        var accepted: [PresentationContext] = []
        for (id, result) in answer.contexts {
            guard case .accepted(let syntax) = result,
                let proposed = request.contexts.first(where: { $0.id == id }),
                proposed.transferSyntaxes.contains(syntax), !accepted.contains(where: { $0.id == id })
            else { continue }
            let uid = proposed.abstractSyntax
            let roles = request.user.roles[uid].map { proposed in
                answer.user.roles[uid].map { answer in
                    UserInformation.Roles(
                        isUser: proposed.isUser && answer.isUser, isProvider: proposed.isProvider && answer.isProvider)
                } ?? UserInformation.Roles(isUser: true, isProvider: false)
            }
            accepted.append(
                PresentationContext(
                    id: id, abstractSyntax: uid, transferSyntax: syntax, isUser: roles?.isUser ?? true,
                    isProvider: roles?.isProvider ?? false))
        }
        return Association(
            stream, info: info, contexts: accepted, extendedNegotiation: answer.user.extendedNegotiation,
            longest: wanted.maximumPDULength, peerLongest: answer.user.maximumLength,
            limits: AssociationLimits(
                idleSeconds: wanted.idleSeconds, lifetime: nil, isStopping: wanted.isStopping))
    }

    private static func answer(
        on stream: any ByteStream, until deadline: ContinuousClock.Instant
    ) throws(StreamFailure) -> Result<AssociationAnswer, AssociationFailure> {
        let head = try stream.readAll(PDU.headerLength, until: deadline)
        guard head.count == PDU.headerLength else { throw .closed }
        let length = head[2...].reduce(0) { $0 << 8 | Int($1) }
        guard length <= AssociationRequest.longest else {
            return .failure(AssociationFailure("the peer's answer has \(length) bytes: is that a DICOM port?"))
        }
        let body = try stream.readAll(length, until: deadline)
        guard body.count == length else { throw .closed }
        switch head[0] {
        case PDU.associateAccept:
            return Result { () throws(AssociationFailure) in try AssociationAnswer(body: body) }
        case PDU.associateReject where body.count >= 4:
            return .failure(AssociationRejection(result: body[1], source: body[2], reason: body[3]).failure)
        case PDU.abort: return .failure(AssociationFailure("the peer aborts the association request"))
        default: return .failure(AssociationFailure("the peer does not speak DICOM"))
        }
    }
}
