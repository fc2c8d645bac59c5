/// A setting's value, as text: what it means is decided in one place, wherever it was given.
enum SettingValue: Hashable, Sendable, CustomStringConvertible {
    case text(String)
    case list([String])

    /// Words separated by commas.
    var description: String {
        switch self {
        case .text(let text): text
        case .list(let words): words.joined(separator: ",")
        }
    }
}
