import Foundation
import Glibc
import TestSupport
import Testing

/// What systemd sees of `serve`.
struct ServiceManagerTests {
    private static let units =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path + "/mount"

    @Test(arguments: ["/notify", "@dicomfs-test"])
    func `systemd is told by the main process when serve is ready, and when it stops`(name: String) throws {
        let folder = try TemporaryFolder()
        let mount = try folder.makeFolder("mnt")
        let address = name.hasPrefix("@") ? "\(name)-\(getpid())" : folder.appending("notify")
        let told = try Program.run(
            "timeout",
            [
                "-k", "5", "60", "/usr/bin/python3", "-c", Self.listen, address, DicomFS.path,
                folder.appending("archive"), mount,
            ])
        #expect(told.status == 0, "\(told.errors)")
        #expect(
            told.output == """
                main READY=1 STATUS=dicomfs ready archive=\(folder.appending("archive")) mount=\(mount) dicom=-
                mounted True
                main STOPPING=1
                ended 0

                """)
        #expect(told.errors == "")
    }

    @Test func `a service manager that does not listen is a line of log and nothing more`() throws {
        let folder = try TemporaryFolder()
        let script = """
            NOTIFY_SOCKET="$1/none" "$0" serve --archive "$1/archive" --dicom-port 0 >"$1/out" 2>"$1/log" & pid=$!
            until grep -q ready "$1/out" && grep -q manager "$1/log"; do kill -0 $pid || exit; sleep 0.05; done
            kill $pid; wait $pid; echo $?; cat "$1/log"
            """
        let done = try Program.run("timeout", ["-k", "5", "60", "sh", "-c", script, DicomFS.path, folder.path])
        #expect(done.output.hasPrefix("0\n"), "\(done.errors)")
        let place = folder.appending("none")
        #expect(done.output.contains("cannot tell the service manager at \(place): No such file or directory"))
    }

    private static let listen = """
        import os, signal, socket, struct, subprocess, sys
        address, program, archive, mount = sys.argv[1:]
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        listening.bind(address.replace('@', '\\0', 1))
        daemon = subprocess.Popen([program, 'serve', '--archive', archive, '--mount', mount, '--no-dicom'],
            env=dict(os.environ, NOTIFY_SOCKET=address), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        def receive():
            data, control, _, _ = listening.recvmsg(4096, 100)
            pid = struct.unpack('iII', control[0][2])[0]
            print('main' if pid == daemon.pid else 'another', data.decode().replace('\\n', ' '))
        receive()
        print('mounted', os.path.ismount(mount))
        daemon.send_signal(signal.SIGTERM)
        receive()
        print('ended', daemon.wait())
        """

    @Test(.enabled(if: access("/usr/bin/systemd-analyze", X_OK) == 0, "there is no systemd-analyze; package systemd"))
    func `systemd finds nothing wrong with the units`() throws {
        let folder = try TemporaryFolder()
        let names = ["dicomfs.service", "srv-dicom.mount", "srv-dicom.automount"]
        for name in names {
            let unit = try String(contentsOfFile: "\(Self.units)/\(name)", encoding: .utf8)
            _ = try folder.write(
                name, Array(unit.replacingOccurrences(of: "/usr/local/bin/dicomfs", with: DicomFS.path).utf8))
        }
        let verified = try Program.run(
            "systemd-analyze", ["verify", "--man=no"] + names.map { folder.appending($0) })
        #expect(verified.status == 0)
        #expect(verified.errors == "")
    }
}
