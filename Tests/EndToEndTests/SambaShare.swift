import Foundation
import Glibc
import TestSupport

/// A folder that an smbd of this test's own shares on 127.0.0.1, by the stanza of `mount/smb.conf`.
///
/// Its user is `nobody`: not the one who mounts, as in real use.
final class SambaShare {
    /// Whether there can be one, and why not.
    static let isPossible = geteuid() == 0 && access(server, X_OK) == 0
    static let missing = "needs root and Samba: smbd serves as other users"
    /// The group that `nobody` is in.
    static let group = getgrnam("nogroup").map { $0.pointee.gr_gid } ?? 65534

    private static let server = "/usr/sbin/smbd"
    private static let stanza =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path + "/mount/smb.conf"
    private let folder: TemporaryFolder
    private let configuration: String
    private let port: Int
    private let process: ChildProcess

    /// Shares a folder; returns when a client has connected.
    init(_ path: String) throws {
        folder = try TemporaryFolder()
        configuration = folder.appending("smb.conf")
        port = try Self.freePort()
        var lines = [
            "[global]", "server role = standalone server", "interfaces = 127.0.0.1", "bind interfaces only = yes",
            "smb ports = \(port)", "log file = \(folder.appending("log"))", "load printers = no",
            "disable spoolss = yes",
            "passdb backend = tdbsam:\(folder.appending("passdb.tdb"))",
        ]
        for kind in [
            "private dir", "lock directory", "state directory", "cache directory", "pid directory", "ncalrpc dir",
        ] {
            lines.append("\(kind) = \(try folder.makeFolder(kind))")
        }
        let stanza = try String(contentsOfFile: Self.stanza, encoding: .utf8)
            .replacingOccurrences(of: "/srv/dicom", with: path).replacingOccurrences(of: "@radiology", with: "nobody")
        let text = lines.joined(separator: "\n") + "\n" + stanza
        _ = try folder.write("smb.conf", Array(text.utf8))
        let user = try Program.run(
            "smbpasswd", ["-c", configuration, "-s", "-a", "nobody"], input: "password\npassword\n")
        guard user.status == 0 else { throw UnexpectedExit(program: user) }

        let input = open("/dev/null", O_RDONLY | O_CLOEXEC)
        let output = open(try folder.write("out", []), O_WRONLY | O_APPEND | O_CLOEXEC)
        defer { for descriptor in [input, output] { close(descriptor) } }
        process = try ChildProcess(
            Self.server, ["-F", "--debug-stdout", "-s", configuration], descriptors: (input, output, output))
        for _ in 0..<200 where process.isRunning {
            if try client("ls").status == 0 { return }
            usleep(50_000)
        }
        let log = (try? String(contentsOfFile: folder.appending("out"), encoding: .utf8)) ?? ""
        throw NotReady(line: "smbd", log: log)
    }

    deinit { stop() }

    /// SIGTERM, and waits for the end. The share is free to be unmounted then.
    func stop() {
        process.send(SIGTERM)
        process.wait()
    }

    /// One smbclient that connects and takes these commands; those that begin with `!` are the shell's.
    func client(_ commands: String...) throws -> Program {
        try Program.run(
            "smbclient", ["-q", "-s", configuration, "-p", "\(port)", "-U", "nobody%password", "//127.0.0.1/dicom"],
            input: commands.joined(separator: "\n") + "\n")
    }

    /// The paths of all entries, as a client lists them.
    func listing() throws -> Set<String> {
        let listed = try client("recurse ON", "ls")
        guard listed.status == 0 else { throw UnexpectedExit(program: listed) }
        return Self.paths(listed.output)
    }

    /// The paths in what smbclient's `recurse ON` and `ls` print: each folder's own after a `\`, its entries indented.
    private static func paths(_ output: String) -> Set<String> {
        var paths: Set<String> = []
        var folder = ""
        for line in output.split(separator: "\n") {
            if line.hasPrefix("\\") {
                folder = line.dropFirst().replacingOccurrences(of: "\\", with: "/") + "/"
            } else if line.hasPrefix("  "), let name = line.split(separator: " ").first, name != ".", name != ".." {
                paths.insert(folder + name)
            }
        }
        return paths
    }

    /// A port of 127.0.0.1 that was free a moment ago: smbd takes no 0.
    private static func freePort() throws -> Int {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let done = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, length) == 0 && getsockname(socket, $0, &length) == 0
            }
        }
        guard done else { throw POSIXError(.EADDRINUSE) }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

extension ServedArchive {
    /// An archive that is mounted for Samba: for the group of another user.
    static func forSamba() throws -> ServedArchive {
        let served = try ServedArchive(options: ["-o", "allow_other,gid=\(SambaShare.group)"])
        // So that others come through to the mount.
        chmod(served.folder.path, 0o711)
        return served
    }
}
