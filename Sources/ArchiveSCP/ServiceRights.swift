/// What a peer may ask of the archive: DIMSE services (PS3.7 section 9) and storage commitment (PS3.4 annex J).
package struct ServiceRights: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// C-ECHO.
    package static let echo = ServiceRights(rawValue: 1 << 0)
    /// C-STORE.
    package static let store = ServiceRights(rawValue: 1 << 1)
    /// C-FIND.
    package static let find = ServiceRights(rawValue: 1 << 2)
    /// C-MOVE.
    package static let move = ServiceRights(rawValue: 1 << 3)
    /// C-GET.
    package static let get = ServiceRights(rawValue: 1 << 4)
    /// Storage commitment, N-ACTION.
    package static let commit = ServiceRights(rawValue: 1 << 5)

    /// Each right with the word that settings have for it.
    private static let words: [(String, ServiceRights)] = [
        ("echo", .echo), ("store", .store), ("find", .find), ("move", .move), ("get", .get), ("commit", .commit),
    ]

    /// The words of all rights, in the order in which they are listed.
    package static let allNames = words.map(\.0)

    /// The right with this word.
    package init?(name: String) {
        guard let right = Self.words.first(where: { $0.0 == name })?.1 else { return nil }
        self = right
    }

    /// The words of those it has.
    package var names: [String] { Self.words.filter { contains($0.1) }.map(\.0) }
}
