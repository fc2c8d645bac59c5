import Glibc

/// Sends instances to one peer over one association, which it asks for when it is needed, and again when it was lost or lacks a
/// context. Used by one thread.
package final class StoreUser {
    /// What an instance needs a presentation context for.
    package struct Kind: Hashable, Comparable, Sendable {
        package var sopClassUID: String
        package var transferSyntaxUID: String

        package init(_ sopClassUID: String, _ transferSyntaxUID: String) {
            self.sopClassUID = sopClassUID
            self.transferSyntaxUID = transferSyntaxUID
        }

        package static func < (one: Kind, other: Kind) -> Bool {
            (one.sopClassUID, one.transferSyntaxUID) < (other.sopClassUID, other.transferSyntaxUID)
        }
    }

    private let wanted: RequestedAssociation
    /// How often it is tried again when that may help, each time after a longer pause.
    private let retries: Int
    private let log: (String) -> Void
    /// What is to be sent.
    private var kinds: [Kind] = []
    private var user: ServiceUser?
    /// What the association was asked for.
    private var proposed: Set<Kind> = []
    /// How often in a row an association was lost.
    private var losses = 0

    /// - Parameters:
    ///   - wanted: the association without contexts.
    ///   - log: gets a line for each time that something is tried again.
    package init(_ wanted: RequestedAssociation, retries: Int = 0, log: @escaping (String) -> Void = { _ in }) {
        self.wanted = wanted
        self.retries = retries
        self.log = log
    }

    deinit { close() }

    /// Tells what is to be sent next.
    package func prepare(_ kinds: Set<Kind>) {
        self.kinds = kinds.sorted()
        losses = 0
    }

    /// Sends an instance; once more, and as often as it may, when the association was lost.
    ///
    /// - Parameter meanwhile: gets the transfer syntax when it is sent, before the answer is waited for.
    /// - Throws: when there is no association.
    package func send(
        _ instance: some OutgoingInstance, originator: MoveOriginator? = nil, meanwhile: (String) -> Void = { _ in }
    ) throws(AssociationFailure) -> StoreOutcome {
        let kind = Kind(instance.sopClassUID, instance.transferSyntaxUID)
        var tries = 0
        while true {
            let user = try association(for: kind)
            do throws(AssociationEnd) {
                let outcome = try user.store(instance, originator: originator, meanwhile: meanwhile)
                losses = 0
                return outcome
            } catch {
                user.conclude(error)
                self.user = nil
                losses += 1
                tries += 1
                if wanted.isStopping() { throw AssociationFailure("\(error)") }
                guard losses <= 5 + retries else {
                    throw AssociationFailure("the association is lost again and again: \(error)")
                }
                guard tries <= 1 + retries else { return .unreadable("the association was lost: \(error)") }
                log("\(instance.sopInstanceUID): \(error); trying again")
            }
        }
    }

    /// Releases the association.
    package func close() {
        user?.release()
        user = nil
    }

    private func association(for kind: Kind) throws(AssociationFailure) -> ServiceUser {
        if let user, proposed.contains(kind) { return user }
        close()
        var wanted = wanted
        // What is needed now comes first, should there be more than an association can have.
        (wanted.contexts, proposed) = Self.contexts([kind] + kinds.filter { $0 != kind })
        let user = try ServiceUser(wanted, retries: retries, log: log)
        self.user = user
        return user
    }

    /// For each class a context for each syntax that instances are stored in, so that the peer can take each as it is, and one
    /// for the uncompressed ones: as many as an association has.
    package static func contexts(_ kinds: [Kind]) -> (contexts: [ProposedContext], covered: Set<Kind>) {
        let uncompressed = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"]
        var contexts: [ProposedContext] = []
        var covered: Set<Kind> = []
        var classes: Set<String> = []
        for kind in kinds {
            let isNew = !classes.contains(kind.sopClassUID)
            let isCompressed = !uncompressed.contains(kind.transferSyntaxUID)
            guard contexts.count + (isNew ? 1 : 0) + (isCompressed ? 1 : 0) <= 128 else { break }
            if isCompressed { contexts.append(ProposedContext(kind.sopClassUID, [kind.transferSyntaxUID])) }
            if isNew {
                let first = isCompressed ? uncompressed[0] : kind.transferSyntaxUID
                contexts.append(ProposedContext(kind.sopClassUID, [first] + uncompressed.filter { $0 != first }))
                classes.insert(kind.sopClassUID)
            }
            covered.insert(kind)
        }
        return (contexts, covered)
    }
}

extension ServiceUser {
    /// Asks for the association, and again after 1, 2, 4, ... seconds, 30 at most, while that may help.
    package convenience init(
        _ wanted: RequestedAssociation, retries: Int, log: (String) -> Void
    ) throws(AssociationFailure) {
        var tries = 0
        while true {
            do throws(AssociationFailure) {
                try self.init(association: .request(wanted))
                return
            } catch {
                guard error.isTransient, tries < retries, !wanted.isStopping() else { throw error }
                let pause = min(30, 1 << min(tries, 5))
                log("\(error); trying again in \(pause) s")
                sleep(UInt32(pause))
                tries += 1
            }
        }
    }
}
