import ArchiveSCP
import DICOMNetwork
import Logging
import Synchronization

/// The settings of a `serve` that runs: those it was started with, of which peers and rights change when the file is read
/// again. Any thread may ask.
final class LiveSettings: Sendable {
    /// Those it was started with.
    let running: Settings
    /// Who may do what now.
    let peers: Peers
    private let current: Mutex<SettingsFile?>
    private let logger: Logger
    private let load: @Sendable () throws(SettingsError) -> Settings

    /// - Parameters:
    ///   - current: those that were read last, when that was after the start.
    ///   - load: reads the settings again.
    init(
        _ running: Settings, current: Settings? = nil, logger: Logger,
        load: @escaping @Sendable () throws(SettingsError) -> Settings
    ) {
        self.running = running
        self.logger = logger
        self.load = load
        let current = current ?? running
        self.current = Mutex(current.file)
        peers = Peers(current.table(aeTitle: running.aeTitle))
    }

    /// What a worker needs of them.
    var handed: HandedSettings { HandedSettings(running: running.file, current: current.withLock { $0 }) }

    /// Reads the settings again: peers and rights hold at once, also for associations that are open. When something is wrong,
    /// nothing changes, and the log says what.
    ///
    /// - Parameter isTold: whether the log says too what was read.
    /// - Returns: whether it was right.
    @discardableResult
    func reload(isTold: Bool = true) -> Bool {
        let settings: Settings
        do { settings = try load() } catch {
            logger.error("\(error); peers and rights stay as they were")
            return false
        }
        current.withLock { $0 = settings.file }
        let table = settings.table(aeTitle: running.aeTitle)
        peers.replace(table)
        guard isTold else { return true }
        let rights = table.unknownRights.isEmpty ? "nothing" : table.unknownRights.names.joined(separator: ", ")
        let place = settings.file.map { "from \($0.path)" } ?? "and there is no file"
        logger.notice("settings read again \(place): \(table.peers.count) peers; unknown peers may do: \(rights)")
        let changed = running.fixedSettings(changedIn: settings)
        if !changed.isEmpty {
            logger.warning("only a restart of serve changes \(changed.joined(separator: ", "))")
        }
        return true
    }
}

extension Settings {
    /// Which of those that hold until the end are not the same in others: each with its place there.
    func fixedSettings(changedIn other: Settings) -> [String] {
        SettingKey.allCases.compactMap { key in
            guard !key.isReloaded, let new = other.all[key], new.value != all[key]?.value else { return nil }
            return "\(key.rawValue) to \(new.value?.description ?? "none") (\(new.origin))"
        }
    }
}
