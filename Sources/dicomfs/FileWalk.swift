import Glibc
import Synchronization
import SystemPackage

/// The files under some paths, depth first, found as they are asked for. Usable from several threads.
final class FileWalk: Sendable {
    /// What was come across.
    enum Found {
        /// A regular file, or a symbolic link to one.
        case file(FilePath)
        /// Something else that holds no bytes of its own: a device, a FIFO, a socket.
        case special(FilePath)
        /// A folder that cannot be looked into, with the reason.
        case unreadable(FilePath, Errno)
    }

    private struct State {
        /// What is still to be looked at, the next one last.
        var pending: [FilePath]
        /// How many of these were asked for, and not come across in a folder.
        var asked: Int
    }

    private let state: Mutex<State>

    init(_ paths: [String]) { state = Mutex(State(pending: paths.reversed().map { FilePath($0) }, asked: paths.count)) }

    /// The next one; nil when there is no more. Symbolic links to folders that are come across are passed over: they may lead
    /// in circles.
    func next() -> Found? {
        state.withLock { state in
            while let path = state.pending.popLast() {
                let isAsked = state.pending.count < state.asked
                if isAsked { state.asked = state.pending.count }
                var status = stat()
                guard path.withPlatformString({ stat($0, &status) }) == 0 else { return .file(path) }
                switch status.st_mode & S_IFMT {
                case S_IFREG: return .file(path)
                case S_IFDIR:
                    guard isAsked || !Self.isLink(path) else { continue }
                    do throws(Errno) { try state.pending.append(contentsOf: Self.members(path).reversed()) } catch {
                        return .unreadable(path, error)
                    }
                default: return .special(path)
                }
            }
            return nil
        }
    }

    private static func isLink(_ path: FilePath) -> Bool {
        var status = stat()
        return path.withPlatformString { lstat($0, &status) } == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    /// What is in a folder, sorted. Names are bytes: those of old discs are in any character set.
    private static func members(_ path: FilePath) throws(Errno) -> [FilePath] {
        guard let folder = path.withPlatformString({ opendir($0) }) else { throw Errno(rawValue: errno) }
        defer { closedir(folder) }
        var names: [FilePath.Component] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CInterop.PlatformChar.self, capacity: Int(NAME_MAX) + 1) {
                    FilePath.Component(platformString: $0)
                }
            }
            if let name, name.kind == .regular { names.append(name) }
        }
        return names.sorted { $0.string < $1.string }.map { path.appending($0) }
    }
}
