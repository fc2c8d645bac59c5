/// Which abstract syntaxes are accepted: Verification, and all that can be storage.
///
/// Storage is everything under 1.2.840.10008.5.1.4.1.1 but the services there, the storage classes that the standard has
/// elsewhere, and private classes. Other standard classes have no provider here: accepting one would promise a service that then fails.
enum PresentationContextPolicy {
    static let verification = "1.2.840.10008.1.1"
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

    static func accepts(_ abstractSyntax: String) -> Bool {
        if abstractSyntax == verification { return true }
        return isStorage(abstractSyntax)
    }

    static func isStorage(_ abstractSyntax: String) -> Bool {
        if abstractSyntax.isEmpty { return false }
        guard abstractSyntax.hasPrefix(standardRoot) else { return true }
        if services.contains(abstractSyntax) { return false }
        return abstractSyntax.hasPrefix(storageRoot) || otherStorage.contains(abstractSyntax)
    }
}
