import Configuration
import Foundation
import Synchronization

/// The places where settings are given, the first that has one wins: the command line, the environment, the file, and what
/// holds by default. Used by one thread at a time.
struct SettingsSources {
    private let reader: ConfigReader
    private let last = LastAccess()
    private let file: SettingsFile?

    private static let commandLine = "command line"
    private static let defaults = "default"

    /// - Parameters:
    ///   - flags: what was given on the command line.
    ///   - environment: variables by their names; empty ones count as not there.
    init(flags: [SettingKey: SettingValue] = [:], environment: [String: String] = [:], file: SettingsFile? = nil) {
        self.file = file
        let given = environment.filter { $0.key.hasPrefix("DICOMFS_") && !$0.value.isEmpty }
        var defaults: [SettingKey: SettingValue] = [:]
        for key in SettingKey.allCases { defaults[key] = key.defaultValue }
        var providers: [any ConfigProvider] = [
            Self.provider(Self.commandLine, flags),
            EnvironmentVariablesProvider(environmentVariables: given).prefixKeys(with: "dicomfs"),
        ]
        if let file { providers.append(SnapshotProvider(file.snapshot)) }
        providers.append(Self.provider(Self.defaults, defaults))
        reader = ConfigReader(providers: providers, accessReporter: last)
    }

    private static func provider(_ name: String, _ values: [SettingKey: SettingValue]) -> InMemoryProvider {
        var entries: [AbsoluteConfigKey: ConfigValue] = [:]
        for (key, value) in values {
            let content: ConfigContent =
                switch value {
                case .text(let text): .string(text)
                case .list(let words): .stringArray(words)
                }
            entries[AbsoluteConfigKey(key.components)] = ConfigValue(content, isSecret: false)
        }
        return InMemoryProvider(name: name, values: entries)
    }

    /// A setting as it is in effect.
    func setting(_ key: SettingKey) throws(SettingsError) -> Setting {
        let name = ConfigKey(key.components)
        let value: SettingValue? =
            key.isList
            ? reader.stringArray(forKey: name).map { .list($0) } : reader.string(forKey: name).map { .text($0) }
        var setting = Setting(key: key, value: value, origin: origin(key, value))
        if key.isPath, case .file(let path, _) = setting.origin, case .text(let text) = value {
            guard !text.hasPrefix("~") else {
                throw SettingsError(setting, "takes a path, in which ~ has no meaning")
            }
            let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
            if !text.hasPrefix("/") { setting.value = .text("\(folder)/\(text)") }
        }
        return setting
    }

    /// All settings.
    func settings() throws(SettingsError) -> [SettingKey: Setting] {
        var settings: [SettingKey: Setting] = [:]
        for key in SettingKey.allCases { settings[key] = try setting(key) }
        return settings
    }

    /// Where what was read last came from.
    private func origin(_ key: SettingKey, _ value: SettingValue?) -> SettingOrigin {
        let provider = last.provider ?? ""
        if let file, provider == file.path { return .file(file.path, line: file.lines[key] ?? 1) }
        if provider.contains(Self.commandLine) { return .flag(key.flag(for: value)) }
        if provider.contains("EnvironmentVariablesProvider") { return .environment(key.environmentVariable) }
        return .none
    }
}

/// Which provider had the value that was read last.
private final class LastAccess: AccessReporter {
    private let name = Mutex<String?>(nil)

    var provider: String? { name.withLock { $0 } }

    func report(_ event: AccessEvent) {
        let found = event.providerResults.first { (try? $0.result.get().value) != nil }
        name.withLock { $0 = found?.providerName }
    }
}
