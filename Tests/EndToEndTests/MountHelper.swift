import Foundation
import Glibc
import TestSupport

/// The helper of mount(8) as `tools/install` puts it, with links in /sbin as long as this lives: for root, one at a time.
final class MountHelper {
    let folder: TemporaryFolder
    let archive: String
    let mount: String
    /// The helper itself.
    let path: String

    private static let source =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path + "/mount/mount.dicomfs"
    private static let links = ["/sbin/mount.dicomfs", "/sbin/mount.fuse.dicomfs"]

    /// Why there can be none here; nil when there can.
    static var obstacle: String? {
        if geteuid() != 0 { return "only root can put a helper of mount(8) into /sbin" }
        // One of a test that was killed is not in the way.
        let foreign = links.first { link in
            var status = stat()
            let target = (try? FileManager.default.destinationOfSymbolicLink(atPath: link)) ?? ""
            return lstat(link, &status) == 0 && !target.hasPrefix("/tmp/dicomfs-test-")
        }
        return foreign.map { "\($0) is installed" }
    }

    init() throws {
        folder = try TemporaryFolder()
        archive = try folder.makeFolder("archive")
        mount = try folder.makeFolder("mnt")
        _ = try folder.makeFolder("prefix/sbin")
        _ = try folder.makeFolder("prefix/bin")
        // Where what it leaves behind would be found.
        _ = try folder.makeFolder("tmp")
        path = folder.appending("prefix/sbin/mount.dicomfs")
        try Program.copy(Self.source, to: path)
        symlink(DicomFS.path, folder.appending("prefix/bin/dicomfs"))
        for link in Self.links {
            unlink(link)
            symlink(path, link)
        }
    }

    deinit {
        for link in Self.links { unlink(link) }
        while umount2(mount, Int32(MNT_DETACH)) == 0 {}
        _ = waitForEnd()
    }

    /// Runs a program, for a minute at most, with a folder for temporary files of its own.
    @discardableResult
    func run(_ name: String, _ arguments: String...) throws -> Program {
        try Program.run(
            "timeout", ["-k", "5", "60", name] + arguments, environment: ["TMPDIR": folder.appending("tmp")])
    }

    /// `mount -t dicomfs ARCHIVE MOUNTPOINT` with options.
    func mount(_ options: String...) throws -> Program {
        let list = options.isEmpty ? [] : ["-o", options.joined(separator: ",")]
        return try Program.run(
            "timeout", ["-k", "5", "60", "mount", "-t", "dicomfs"] + list + [archive, mount],
            environment: ["TMPDIR": folder.appending("tmp")])
    }

    /// Writes an fstab(5) with one line; its path.
    func fstab(_ options: String) throws -> String {
        try folder.write("fstab", Array("\(archive) \(mount) dicomfs \(options) 0 0\n".utf8))
    }

    var isMounted: Bool { Processes.mounts.contains(" \(mount) ") }

    /// The processes that serve the archive, however many.
    var daemon: [pid_t] { Processes.named(archive) }

    /// Waits up to half a minute for them to end; whether they did.
    func waitForEnd() -> Bool {
        for _ in 0..<600 {
            if daemon.isEmpty { return true }
            usleep(50_000)
        }
        return false
    }
}

/// What runs on this machine: proc(5).
enum Processes {
    /// This process's table of mounts.
    static var mounts: String { (try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)) ?? "" }

    /// Those of the program `dicomfs` with an argument.
    static func named(_ argument: String) -> [pid_t] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return all.compactMap { pid_t($0) }.filter { pid in
            let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") ?? Data()
            let words = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            return words.first?.hasSuffix("/dicomfs") == true && words.contains(argument)
        }
    }

    /// What a descriptor of a process is open on.
    static func descriptor(_ number: Int, of process: pid_t) -> String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/fd/\(number)")
    }

    /// SIGKILL to all of them, children of this process or not; returns when they have ended. The first is the oldest and
    /// would else start the others anew.
    static func kill(_ processes: [pid_t]) {
        for process in processes.sorted() { Glibc.kill(process, SIGKILL) }
        for process in processes { while !hasEnded(process) { usleep(5_000) } }
    }

    /// Whether a process is gone, or only waits for its parent to hear of it: then its files are closed.
    private static func hasEnded(_ process: pid_t) -> Bool {
        let text = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
        return threads.count <= 1 && (text.isEmpty || text.contains(") Z "))
    }
}
