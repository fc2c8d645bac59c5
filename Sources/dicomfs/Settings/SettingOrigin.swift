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
