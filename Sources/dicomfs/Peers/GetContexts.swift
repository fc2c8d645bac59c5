import ArchiveSCP
import DICOM
import DICOMArchive
import DICOMNetwork

/// What is proposed for the instances of a C-GET: an instance comes only in a transfer syntax that was agreed on for its SOP Class
/// before (PS3.4 C.4.3.2), so the peer is first asked, by C-FIND, which classes they are of and what they are stored in.
///
/// A peer that tells no transfer syntaxes, or is not asked, gets one context for each class: what is compressed there in a way
/// that it did not choose may come uncompressed, or not at all.
struct GetContexts {
    /// As many as an association has beside that of the query.
    private static let most = 127
    /// Answers after which no more are asked for: a peer could send them for ever.
    private static let mostAnswers = 1_000_000
    private static let uncompressed = [
        TransferSyntax.explicitVRLittleEndian.uid, TransferSyntax.implicitVRLittleEndian.uid,
    ]
    /// What pixel data often come in.
    private static let usual =
        uncompressed + [
            "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.5",
            "1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51",
        ]

    private(set) var contexts: [ProposedContext] = []
    /// The classes in them.
    private(set) var classes: Set<String> = []

    /// For every class, whatever is stored.
    ///
    /// - Parameter preferred: transfer syntaxes that go before the usual ones.
    init(preferring preferred: [String]) { addOthers(preferred + Self.usual.filter { !preferred.contains($0) }) }

    /// For what is wanted, and then for every other class.
    init(asking call: PeerCall, _ level: Level, _ identifier: KeyIdentifier) throws {
        let stored = try Self.stored(call, level, identifier)
        for (sopClass, syntaxes) in stored.sorted(by: { $0.key < $1.key }) {
            // Each in a context of its own: of several in one the peer takes one, and perhaps no other of these two.
            for syntax in syntaxes.sorted() {
                let others = Self.uncompressed.filter { $0 != syntax }
                add(sopClass, [syntax] + (Self.uncompressed.contains(syntax) ? others : []))
            }
            if syntaxes.isDisjoint(with: Self.uncompressed) {
                add(sopClass, syntaxes.isEmpty ? Self.usual : Self.uncompressed)
            }
        }
        addOthers(Self.usual)
    }

    private mutating func addOthers(_ syntaxes: [String]) {
        for sopClass in SOPClass.storage where !classes.contains(sopClass) { add(sopClass, syntaxes) }
    }

    private mutating func add(_ sopClass: String, _ syntaxes: [String]) {
        guard contexts.count < Self.most else { return }
        contexts.append(ProposedContext(sopClass, syntaxes))
        classes.insert(sopClass)
    }

    /// The transfer syntaxes of each SOP Class that is wanted; nothing when the peer does not say.
    private static func stored(
        _ call: PeerCall, _ level: Level, _ identifier: KeyIdentifier
    ) throws -> [String: Set<String>] {
        var asked = identifier
        asked.put(.queryRetrieveLevel, Level.instance.identifierName)
        for tag in [Tag.sopInstanceUID, .sopClassUID, .availableTransferSyntaxUID] where !asked.contains(tag) {
            asked.put(tag)
        }
        let uid = QueryOptions.sopClass(.find, level)
        // With what it surely has: some reject an association of which they can accept nothing.
        let contexts = [uid, QueryOptions.sopClass(.get, level)].map { QueryOptions.context($0) }
        let user = try call.connect(call.association(contexts))
        guard let syntax = user.contexts.first(where: { $0.abstractSyntax == uid })?.transferSyntax else {
            user.release()
            return [:]
        }
        var stored: [String: Set<String>] = [:]
        var count = 0
        do {
            let query = ServiceUser.Query(sopClassUID: uid, identifier: asked.encoded(as: syntax))
            _ = try user.perform(.find, query) { result in
                let encoding = TransferSyntax(syntax).nominalEncoding
                let header = DataSetHeader(result.identifier ?? [], encoding: encoding, bulk: [])
                count += 1
                let sopClass = header.texts(.sopClassUID).first ?? ""
                // More than there are contexts helps nobody, and what is no UID cannot be proposed.
                guard UID.isValid(sopClass), stored[sopClass]?.count ?? stored.count < most else {
                    return count < mostAnswers
                }
                stored[sopClass, default: []].formUnion(
                    header.texts(.availableTransferSyntaxUID).filter { UID.isValid($0) }.prefix(most))
                return count < mostAnswers
            }
            user.release()
        } catch let end as AssociationEnd {
            user.conclude(end)
        }
        return stored
    }
}
