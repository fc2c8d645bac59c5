import Foundation
import Glibc
import Synchronization

/// The files under some paths, depth first, found as they are asked for. Usable from several threads.
final class FileWalk: Sendable {
    /// What was come across.
    enum Found {
        /// A regular file, or a symbolic link to one.
        case file(String)
        /// Something else that holds no bytes of its own: a device, a FIFO, a socket.
        case special(String)
        /// A folder that cannot be looked into, with the reason.
        case unreadable(String, String)
    }

    /// What is still to be looked at, the next one last.
    private let pending: Mutex<[String]>

    init(_ paths: [String]) { pending = Mutex(paths.reversed()) }

    /// The next one; nil when there is no more. Symbolic links to folders are passed over: they may lead in circles.
    func next() -> Found? {
        pending.withLock { pending in
            while let path = pending.popLast() {
                var status = stat()
                guard lstat(path, &status) == 0 else { return .file(path) }
                let isLink = status.st_mode & S_IFMT == S_IFLNK
                guard !isLink || stat(path, &status) == 0 else { return .file(path) }
                switch status.st_mode & S_IFMT {
                case S_IFREG: return .file(path)
                case S_IFDIR where isLink: continue
                case S_IFDIR:
                    do {
                        let names = try FileManager.default.contentsOfDirectory(atPath: path)
                        let base = path.hasSuffix("/") ? path : path + "/"
                        pending.append(contentsOf: names.sorted(by: >).map { base + $0 })
                    } catch {
                        return .unreadable(path, "the folder cannot be read")
                    }
                default: return .special(path)
                }
            }
            return nil
        }
    }
}
