/// Which abstract syntaxes are accepted: Verification, and all that can be storage.
///
/// Storage is everything under 1.2.840.10008.5.1.4.1.1, the storage classes that PS3.4 annex B.5 has elsewhere, and private
/// classes. Other standard classes have no provider here: accepting one would promise a service that then fails.
enum PresentationContextPolicy {
    static let verification = "1.2.840.10008.1.1"
    private static let standardRoot = "1.2.840.10008."
    private static let storageRoot = "1.2.840.10008.5.1.4.1.1."
    /// PS3.4 annex GG, outside that root: hanging protocols, colour palettes, implant templates, RT beams delivery
    /// instructions.
    private static let otherStorage: Set<String> = [
        "1.2.840.10008.5.1.4.34.7", "1.2.840.10008.5.1.4.38.1", "1.2.840.10008.5.1.4.39.1",
        "1.2.840.10008.5.1.4.43.1", "1.2.840.10008.5.1.4.44.1", "1.2.840.10008.5.1.4.45.1",
        "1.2.840.10008.5.1.4.34.10",
    ]

    static func accepts(_ abstractSyntax: String) -> Bool {
        if abstractSyntax == verification { return true }
        return isStorage(abstractSyntax)
    }

    static func isStorage(_ abstractSyntax: String) -> Bool {
        if abstractSyntax.isEmpty { return false }
        guard abstractSyntax.hasPrefix(standardRoot) else { return true }
        return abstractSyntax.hasPrefix(storageRoot) || otherStorage.contains(abstractSyntax)
    }
}
