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

/// A setting as it is in effect: its value, and where that was given.
struct Setting: Sendable {
    var key: SettingKey
    /// Nil when nobody gave one.
    var value: SettingValue?
    var origin: SettingOrigin
}

/// Where a setting's value was given.
enum SettingOrigin: Hashable, Sendable, CustomStringConvertible {
    /// On the command line.
    case flag(String)
    /// By the environment variable of this name.
    case environment(String)
    /// In a line of a file.
    case file(String, line: Int)
    /// Nowhere.
    case none

    var description: String {
        switch self {
        case .flag(let name): name
        case .environment(let name): name
        case .file(let path, let line): "\(path):\(line)"
        case .none: "default"
        }
    }
}
