/// Which presentation contexts are accepted, with which transfer syntax and roles: those of the services that the peer may
/// use, and of storage.
///
/// Other standard classes have no provider here: accepting one would promise a service that then fails.
struct PresentationContextPolicy {
    /// What the peer may do.
    let rights: ServiceRights
    /// Whether a data set can be had in a transfer syntax, whatever it was stored in.
    let isTarget: (String) -> Bool

    /// The answer to a proposed context, and the roles of who proposes it.
    func answer(
        _ context: ProposedContext, roles: UserInformation.Roles?
    ) -> (AssociationAnswer.ContextAnswer, UserInformation.Roles) {
        var agreed = roles ?? UserInformation.Roles(isUser: true, isProvider: false)
        if let right = SOPClass.right(of: context.abstractSyntax) {
            // Only a storage commitment is told by who provides it.
            if right != .commit { agreed.isProvider = false }
            guard rights.contains(right), agreed.isUser || agreed.isProvider else { return (.rejected, agreed) }
            if right == .echo { return (.accepted(transferSyntax: context.transferSyntaxes[0]), agreed) }
            // An identifier is short text: of these two each SCU has one (PS3.5 10.1).
            let syntaxes = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"]
            guard let syntax = syntaxes.first(where: context.transferSyntaxes.contains) else {
                return (.unknownTransferSyntaxes, agreed)
            }
            return (.accepted(transferSyntax: syntax), agreed)
        }
        guard SOPClass.isStorage(context.abstractSyntax) else { return (.unknownAbstractSyntax, agreed) }
        // Who provides storage is sent what it gets (PS3.4 C.5.3).
        agreed.isUser = agreed.isUser && rights.contains(.store)
        agreed.isProvider = agreed.isProvider && rights.contains(.get)
        guard agreed.isUser || agreed.isProvider else { return (.rejected, agreed) }
        // Bytes are kept as they come, so the first is as good as any; what is sent must have come so, or become so.
        let sent = agreed.isProvider ? context.transferSyntaxes.first(where: isTarget) : nil
        return (.accepted(transferSyntax: sent ?? context.transferSyntaxes[0]), agreed)
    }
}
