import Foundation

/// A folder of a test's own, gone with all that is in it when this is dropped.
package final class TemporaryFolder: Sendable {
    /// Absolute, without symbolic links.
    package let path: String

    /// A new, empty folder.
    package init() throws {
        var template = Array("/tmp/dicomfs-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw POSIXError(.EIO) }
        path = String(cString: made)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// A path in the folder.
    package func appending(_ name: String) -> String { "\(path)/\(name)" }

    /// Makes a folder in it; its path.
    package func makeFolder(_ name: String) throws -> String {
        let path = appending(name)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    /// Writes a file in it; its path.
    package func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let path = appending(name)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }
}
