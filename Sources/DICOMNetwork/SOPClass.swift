/// The SOP Classes that are not storage (PS3.4 annexes A, C, J), and which are.
package enum SOPClass {
    package static let verification = "1.2.840.10008.1.1"
    package static let patientRootFind = "1.2.840.10008.5.1.4.1.2.1.1"
    package static let patientRootMove = "1.2.840.10008.5.1.4.1.2.1.2"
    package static let patientRootGet = "1.2.840.10008.5.1.4.1.2.1.3"
    package static let studyRootFind = "1.2.840.10008.5.1.4.1.2.2.1"
    package static let studyRootMove = "1.2.840.10008.5.1.4.1.2.2.2"
    package static let studyRootGet = "1.2.840.10008.5.1.4.1.2.2.3"
    package static let storageCommitment = "1.2.840.10008.1.20.1"
    /// The one SOP Instance of storage commitment (PS3.4 J.3.5).
    package static let storageCommitmentInstance = "1.2.840.10008.1.20.1.1"

    /// The service that a class other than storage is for; nil for those that have no provider here.
    static func right(of abstractSyntax: String) -> ServiceRights? {
        switch abstractSyntax {
        case verification: .echo
        case patientRootFind, studyRootFind: .find
        case patientRootMove, studyRootMove: .move
        case patientRootGet, studyRootGet: .get
        case storageCommitment: .commit
        default: nil
        }
    }

    private static let standardRoot = "1.2.840.10008."
    private static let storageRoot = "1.2.840.10008.5.1.4.1.1."
    /// Under that root, but query, retrieval or creation: protocol approval (PS3.4 annex II), inventories (annex KK).
    private static let services: Set<String> = [
        "1.2.840.10008.5.1.4.1.1.200.4", "1.2.840.10008.5.1.4.1.1.200.5", "1.2.840.10008.5.1.4.1.1.200.6",
        "1.2.840.10008.5.1.4.1.1.201.2", "1.2.840.10008.5.1.4.1.1.201.3", "1.2.840.10008.5.1.4.1.1.201.4",
        "1.2.840.10008.5.1.4.1.1.201.5", "1.2.840.10008.5.1.4.1.1.201.6",
    ]
    /// Outside that root: RT delivery instructions, hanging protocols, colour palettes, implant templates (PS3.4 annex GG);
    /// retired: stored print, hardcopies.
    private static let otherStorage: Set<String> = [
        "1.2.840.10008.5.1.4.34.1", "1.2.840.10008.5.1.4.34.7", "1.2.840.10008.5.1.4.34.10",
        "1.2.840.10008.5.1.4.38.1", "1.2.840.10008.5.1.4.39.1", "1.2.840.10008.5.1.4.43.1",
        "1.2.840.10008.5.1.4.44.1", "1.2.840.10008.5.1.4.45.1", "1.2.840.10008.5.1.1.27", "1.2.840.10008.5.1.1.29",
        "1.2.840.10008.5.1.1.30",
    ]

    /// Whether a class is taken for storage: everything under 1.2.840.10008.5.1.4.1.1 but the services there, the storage
    /// classes that the standard has elsewhere, and private classes.
    package static func isStorage(_ abstractSyntax: String) -> Bool {
        if abstractSyntax.isEmpty { return false }
        guard abstractSyntax.hasPrefix(standardRoot) else { return true }
        if services.contains(abstractSyntax) { return false }
        return abstractSyntax.hasPrefix(storageRoot) || otherStorage.contains(abstractSyntax)
    }
}
