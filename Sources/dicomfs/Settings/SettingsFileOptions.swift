import ArgumentParser
import Foundation

/// Which archive, and which settings file.
struct SettingsFileOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The archive's folder. Default: the environment variable DICOMFS_ARCHIVE, or what the settings file says.",
            valueName: "dir"))
    var archive: String?

    @Option(
        help: ArgumentHelp(
            """
            The settings file. Default: the environment variable DICOMFS_CONFIG; else dicomfs.yaml in the archive's folder; \
            else \(SettingsFile.system), unless it is of another archive.
            """, valueName: "file"))
    var config: String?

    /// The environment's variables.
    static var environment: [String: String] { ProcessInfo.processInfo.environment }
}
