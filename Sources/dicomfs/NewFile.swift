import Foundation
import Glibc
import SystemPackage

/// A file that a command makes, with the folders above it.
enum NewFile {
    /// Writes one file under a temporary name and renames it: never half a file under its name.
    ///
    /// - Parameters:
    ///   - force: overwrite what is there.
    ///   - body: writes to the open file.
    static func write(
        _ path: String, force: Bool, _ body: (_ descriptor: Int32) throws -> Void
    ) throws {
        let name = (path as NSString).deletingLastPathComponent
        let folder = name.isEmpty ? "." : name
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw ExitStatus(
                code: EXIT_FAILURE, message: "cannot make the folder \(folder): \(error.localizedDescription)")
        }
        guard force || access(path, F_OK) != 0 else {
            throw ExitStatus(code: EXIT_FAILURE, message: "\(path) is there already; --force overwrites it")
        }
        let temporary = "\(folder)/.dicomfs-\(getpid()).part"
        // Left by one that was interrupted, or put there for us to follow.
        unlink(temporary)
        do {
            let output = try FileDescriptor.open(
                temporary, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: [.ownerReadWrite, .groupReadWrite, .otherReadWrite])
            try output.closeAfter { try body(output.rawValue) }
            guard rename(temporary, path) == 0 else { throw Errno(rawValue: errno) }
        } catch {
            unlink(temporary)
            guard let errno = error as? Errno else { throw error }
            throw ExitStatus(code: EXIT_FAILURE, message: "cannot write \(path): \(errno)")
        }
    }
}
