import Foundation
import Glibc

extension SettingsFile {
    /// Finds the settings file: the one that is named; else the archive's own; else the machine's, unless that is of another
    /// archive.
    ///
    /// Whoever serves an archive of their own on a machine with a system-wide one shall get neither its mount point nor its
    /// peers; where that file names no archive, it is for all.
    ///
    /// - Parameters:
    ///   - named: by an option, or by the environment; it must be there.
    ///   - archive: the archive's folder, where it is known without a file.
    /// - Returns: nil when there is none.
    static func find(
        named: String?, archive: String?, system: String = Self.system
    ) throws(SettingsError) -> SettingsFile? {
        if let named { return try SettingsFile(reading: named) }
        if let archive {
            let own = "\(archive)/\(name)"
            if isThere(own) { return try SettingsFile(reading: own) }
        }
        guard isThere(system) else { return nil }
        let file = try SettingsFile(reading: system)
        guard let archive, let other = file.archive, canonical(other) != canonical(archive) else { return file }
        return nil
    }

    /// The archive that it names.
    private var archive: String? { try? SettingsSources(file: self).setting(.archive).value?.description }

    /// Also what cannot be looked at is there: it is not to be passed over.
    private static func isThere(_ path: String) -> Bool {
        access(path, F_OK) == 0 || errno != ENOENT && errno != ENOTDIR
    }

    private static func canonical(_ path: String) -> String {
        guard let pointer = realpath(path, nil) else { return URL(fileURLWithPath: path).standardizedFileURL.path }
        defer { free(pointer) }
        return String(cString: pointer)
    }
}
