import ArgumentParser
import Glibc

/// Settings that cannot be used: what is wrong, in a sentence that names the place.
struct SettingsError: Error, CustomStringConvertible {
    /// Whether it was given on the command line, and is wrong usage.
    var isUsage = false
    var description: String

    init(_ description: String) { self.description = description }

    /// Of a line of a file.
    init(_ path: String, line: Int, _ sentence: String) { self.init("\(path):\(line): \(sentence)") }

    /// Of a setting's value: the sentence goes on after the setting's name.
    init(_ setting: Setting, _ rest: String) {
        let given = setting.value.map { "\($0)" } ?? ""
        switch setting.origin {
        case .flag(let name):
            self.init("\(name) \(rest).")
            isUsage = true
        case .environment(let name): self.init("\(name) \(rest), not '\(given)'")
        case .file(let path, let line): self.init(path, line: line, "\(setting.key.rawValue) \(rest), not '\(given)'")
        case .none: self.init("\(setting.key.rawValue) \(rest), not '\(given)'")
        }
    }

    /// How it ends the program: with 64 for wrong usage, else 78 (sysexits.h, EX_CONFIG).
    var exit: any Error { isUsage ? ValidationError(description) : ExitStatus(code: EX_CONFIG, message: description) }
}

/// Does what may fail for a wrong setting, and ends the program with its sentence.
func configuring<Result>(_ body: () throws(SettingsError) -> Result) throws -> Result {
    do { return try body() } catch { throw error.exit }
}
