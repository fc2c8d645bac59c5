import DICOM
import DICOMArchive
import DICOMNetwork

/// The one association over which the instances of C-MOVE requests go to a destination. Used by one thread.
///
/// It is kept for the next request of the same association, for as long as that has no pause, and asked for anew when it was lost,
/// or lacks a context.
final class MoveDestination {
    /// What an instance needs a presentation context for.
    struct Kind: Hashable {
        var sopClassUID: String
        var transferSyntaxUID: String
    }

    private let wanted: RequestedAssociation
    private let originator: String
    /// What the instances of the request under way are.
    private var kinds: [Kind] = []
    private var user: ServiceUser?
    /// The classes that the association was asked for.
    private var proposed: Set<Kind> = []
    /// How often in a row it could not be asked for, or was lost.
    private var failures = 0

    /// - Parameters:
    ///   - wanted: the association without contexts.
    ///   - originator: the AE title of whose requests they are.
    init(_ wanted: RequestedAssociation, originator: String) {
        self.wanted = wanted
        self.originator = originator
    }

    deinit { close() }

    /// Tells what is to be sent next.
    func prepare(_ kinds: Set<Kind>) {
        self.kinds = kinds.sorted { ($0.sopClassUID, $0.transferSyntaxUID) < ($1.sopClassUID, $1.transferSyntaxUID) }
        failures = 0
    }

    /// Sends an instance; once more when the association was lost.
    ///
    /// - Parameter meanwhile: called when it is sent, before the answer is waited for.
    func send(
        _ instance: StoredInstance, messageID: UInt16, meanwhile: () -> Void = {}
    ) throws(AssociationFailure) -> StoreOutcome {
        let kind = Kind(sopClassUID: instance.sopClassUID, transferSyntaxUID: instance.transferSyntaxUID)
        while true {
            let user = try association(for: kind)
            do throws(AssociationEnd) {
                let outcome = try user.store(
                    instance, originator: MoveOriginator(aeTitle: originator, messageID: messageID), meanwhile: meanwhile)
                failures = 0
                return outcome
            } catch {
                user.conclude(error)
                self.user = nil
                failures += 1
                if failures > 5 { throw AssociationFailure("it is lost again and again: \(error)") }
                if failures % 2 == 0 { return .unreadable("the association with the destination: \(error)") }
            }
        }
    }

    /// Ends the association.
    func close() {
        user?.release()
        user = nil
    }

    private func association(for kind: Kind) throws(AssociationFailure) -> ServiceUser {
        if let user, proposed.contains(kind) { return user }
        close()
        var wanted = wanted
        // What is needed now comes first, should there be more than an association can have.
        let (contexts, covered) = Self.contexts([kind] + kinds.filter { $0 != kind })
        wanted.contexts = contexts
        proposed = covered
        let user = try ServiceUser(wanted)
        self.user = user
        return user
    }

    /// For each class a context for each syntax that instances are stored in, so that the destination can take each as it is,
    /// and one for the uncompressed ones.
    static func contexts(_ kinds: [Kind]) -> ([ProposedContext], Set<Kind>) {
        let uncompressed = [
            TransferSyntax.explicitVRLittleEndian.uid, TransferSyntax.implicitVRLittleEndian.uid,
        ]
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
