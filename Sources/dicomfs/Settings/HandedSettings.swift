import CLinux
import Foundation
import Glibc

/// What a worker gets of the settings from its supervisor: the file as it was read.
///
/// The file on disk may be in the middle of a change, or wrong, when a worker is replaced: nobody who reads the mount shall
/// notice that.
struct HandedSettings: Codable, Sendable {
    /// When `serve` was started; nil when there was no file.
    var running: File?
    /// When it was last read again and found right: peers and rights are those.
    var current: File?

    /// A settings file.
    struct File: Codable, Sendable {
        var path: String
        var text: String

        init?(_ file: SettingsFile?) {
            guard let file else { return nil }
            (path, text) = (file.path, file.text)
        }

        func read() throws(SettingsError) -> SettingsFile { try SettingsFile(path: path, text: text) }
    }

    init(running: SettingsFile?, current: SettingsFile?) {
        self.running = File(running)
        self.current = File(current)
    }

    /// Takes what a supervisor has handed over, and closes it.
    ///
    /// - Throws: when it is nothing of the kind.
    init(descriptor: Int32) throws(ExitStatus) {
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try handle.seek(toOffset: 0)
            self = try JSONDecoder().decode(HandedSettings.self, from: handle.readToEnd() ?? Data())
        } catch {
            throw ExitStatus(
                code: EX_SOFTWARE, message: "cannot read the settings that the supervisor hands over: \(error)")
        }
    }

    /// A file in memory with all of it, for a worker to inherit. Whoever calls closes it.
    func descriptor() throws(ExitStatus) -> Int32 {
        let file = memfd_create("dicomfs settings", 1)
        guard file >= 0 else { throw Self.failure() }
        let bytes = (try? JSONEncoder().encode(self)) ?? Data()
        guard bytes.withUnsafeBytes({ write(file, $0.baseAddress, $0.count) }) == bytes.count else {
            defer { close(file) }
            throw Self.failure()
        }
        return file
    }

    private static func failure() -> ExitStatus {
        ExitStatus(
            code: EX_OSERR, message: "cannot hand the settings to a worker: \(String(cString: strerror(errno)))")
    }
}
