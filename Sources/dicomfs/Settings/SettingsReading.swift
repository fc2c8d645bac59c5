import ArchiveSCP
import ArgumentParser
import DICOMNetwork
import Glibc

/// Settings as text, read as what they are: a value that cannot be is an error that names the place it was given.
struct SettingsReading {
    private let settings: [SettingKey: Setting]

    init(_ settings: [SettingKey: Setting]) { self.settings = settings }

    /// The setting itself; without a value when nobody gave one.
    func setting(_ key: SettingKey) -> Setting { settings[key] ?? Setting(key: key, value: nil, origin: .none) }

    /// Its value as text; nil when there is none.
    func text(_ key: SettingKey) -> String? { setting(key).value?.description }

    /// Itself where a setting has a value, else nil.
    func given(_ key: SettingKey) -> SettingsReading? { setting(key).value == nil ? nil : self }

    /// The words of a list.
    func words(_ key: SettingKey) -> [String] {
        if case .list(let words) = setting(key).value { return words }
        return []
    }

    /// True or false, as YAML has them, and as people write them in the environment.
    func bool(_ key: SettingKey) throws(SettingsError) -> Bool {
        switch text(key)?.lowercased() {
        case "true", "yes", "on", "1": return true
        case "false", "no", "off", "0": return false
        default: throw SettingsError(setting(key), "takes true or false")
        }
    }

    /// A number within bounds.
    func number(_ key: SettingKey, _ range: ClosedRange<Int>) throws(SettingsError) -> Int {
        guard let number = text(key).flatMap({ Int($0) }), range.contains(number) else {
            throw SettingsError(setting(key), "takes a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// A TCP port.
    func port(_ key: SettingKey, from least: Int) throws(SettingsError) -> Int {
        guard let text = text(key), let number = Int(text), (least...65535).contains(number) else {
            throw SettingsError(setting(key), "takes \(least) to 65535")
        }
        return number
    }

    /// A number of bytes.
    func size(_ key: SettingKey, atLeast least: ByteSize = ByteSize(0)) throws(SettingsError) -> ByteSize {
        guard let size = text(key).flatMap({ ByteSize(argument: $0) }) else {
            throw SettingsError(setting(key), "takes a number of bytes, or of K, M, G, T of them, as in 512M")
        }
        guard size.bytes >= least.bytes else { throw SettingsError(setting(key), "takes \(least) at least") }
        return size
    }

    /// One of a few words.
    func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: SettingKey
    ) throws(SettingsError) -> Choice where Choice.RawValue == String {
        if let choice = text(key).flatMap({ Choice(rawValue: $0) }) { return choice }
        let words = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        throw SettingsError(setting(key), "takes one of \(words)")
    }

    /// Rights by their words; none of them for `none`.
    func rights(_ key: SettingKey) throws(SettingsError) -> ServiceRights {
        let words = words(key)
        if words == ["none"] { return [] }
        var rights: ServiceRights = []
        for word in words {
            guard let right = ServiceRights(name: word) else {
                throw SettingsError(
                    setting(key), "takes some of \(ServiceRights.allNames.joined(separator: ", ")), or none")
            }
            rights.insert(right)
        }
        return rights
    }

    /// The path of a file that can be read.
    func readable(_ key: SettingKey) throws(SettingsError) -> String {
        let path = text(key) ?? ""
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            throw SettingsError(setting(key), "takes a file that can be read (\(String(cString: strerror(errno))))")
        }
        close(file)
        return path
    }

    /// A setting that needs another.
    func incomplete(_ key: SettingKey, needs other: SettingKey, _ reason: String) -> SettingsError {
        let setting = setting(key)
        switch setting.origin {
        case .flag(let name):
            var error = SettingsError("\(name) needs \(other.flag(for: nil)): \(reason).")
            error.isUsage = true
            return error
        case .file(let path, let line):
            return SettingsError(path, line: line, "\(key.rawValue) needs \(other.rawValue): \(reason)")
        case .environment(let name): return SettingsError("\(name) needs \(other.environmentVariable): \(reason)")
        case .none: return SettingsError("\(key.rawValue) needs \(other.rawValue): \(reason)")
        }
    }
}
