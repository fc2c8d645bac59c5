import Configuration
import Foundation
import Glibc

/// A settings file: its text, checked, with the lines at which things are.
struct SettingsFile: Sendable {
    /// Absolute.
    let path: String
    let text: String
    /// What swift-configuration reads from it.
    let snapshot: YAMLSnapshot
    /// The settings it has, by the line.
    let lines: [SettingKey: Int]
    /// Its peers, in their order.
    let peers: [ListedPeer]

    /// The one that is looked for last.
    static let system = "/etc/dicomfs/dicomfs.yaml"
    /// In an archive's folder.
    static let name = "dicomfs.yaml"
    /// An honest one has some hundreds of bytes for each peer.
    private static let longest = 1 << 20

    /// Reads one.
    ///
    /// - Throws: also when anything in it is not known, or not of its kind.
    init(reading path: String) throws(SettingsError) {
        let path = URL(fileURLWithPath: path).path
        try self.init(path: path, text: Self.read(path))
    }

    /// One whose text is at hand.
    init(path: String, text: String) throws(SettingsError) {
        let parsed = try ParsedSettings(path: path, text: text)
        self.path = path
        self.text = text
        lines = parsed.lines
        peers = parsed.peers
        do {
            // An empty file has nothing in it, which YAML calls null and not a mapping.
            let text = parsed.isEmpty ? "{}" : text
            snapshot = try YAMLSnapshot(data: Array(text.utf8).span.bytes, providerName: path, parsingOptions: .default)
        } catch {
            throw SettingsError("\(path): \(error)")
        }
    }

    private static func read(_ path: String) throws(SettingsError) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure(path) }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: longest + 1)
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                Glibc.read(file, $0.baseAddress! + filled, $0.count - filled)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(path) }
            if count == 0 { break }
            filled += count
        }
        guard filled <= longest else { throw SettingsError("\(path) is too long for a settings file") }
        guard let text = String(validating: bytes[..<filled], as: UTF8.self) else {
            throw SettingsError("\(path) is not in UTF-8")
        }
        return text
    }

    private static func failure(_ path: String) -> SettingsError {
        SettingsError("cannot read \(path): \(String(cString: strerror(errno)))")
    }
}
