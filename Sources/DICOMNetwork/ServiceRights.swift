/// What a peer may ask for.
package struct ServiceRights: OptionSet, Hashable, Sendable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    /// C-ECHO (PS3.4 annex A).
    package static let echo = ServiceRights(rawValue: 1)
    /// C-STORE (PS3.4 annex B).
    package static let store = ServiceRights(rawValue: 2)
    /// C-FIND (PS3.4 annex C).
    package static let find = ServiceRights(rawValue: 4)
    /// C-MOVE.
    package static let move = ServiceRights(rawValue: 8)
    /// C-GET.
    package static let get = ServiceRights(rawValue: 16)
    /// Storage commitment (PS3.4 annex J).
    package static let commit = ServiceRights(rawValue: 32)

    /// All of them.
    package static let all: ServiceRights = [.echo, .store, .find, .move, .get, .commit]

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
