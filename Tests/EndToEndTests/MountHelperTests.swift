import Foundation
import Glibc
import TestSupport
import Testing

/// `mount -t dicomfs` and fstab, with the real mount(8).
@Suite(.serialized, .enabled(if: MountHelper.obstacle == nil, "\(MountHelper.obstacle ?? "")"))
struct MountHelperTests {
    let helper: MountHelper

    init() throws { helper = try MountHelper() }

    private func importStudy() throws -> [String] {
        let files = try Study.make(in: helper.folder.appending("study"), images: 2)
        #expect(try DicomFS.run("import", "--archive", helper.archive, helper.folder.appending("study")).status == 0)
        return files
    }

    private func dicomFiles() throws -> [String] {
        try helper.run("find", helper.mount, "-name", "*.dcm").output.split(separator: "\n").map { String($0) }
    }

    @Test func `mount shows the archive, umount ends the daemon, and neither leaves anything`() throws {
        let files = try importStudy()
        let done = try helper.mount()
        #expect(done.status == 0, "\(done.errors)")
        #expect(done.output + done.errors == "")
        #expect(try dicomFiles().count == files.count)
        #expect(!helper.daemon.isEmpty)
        for process in helper.daemon {
            #expect(Processes.descriptor(0, of: process) == "/dev/null")
            #expect(Processes.descriptor(1, of: process) == "/dev/null")
            #expect(getsid(process) != getsid(0))
            let folder = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/cwd")
            #expect(folder == "/")
        }
        #expect(try helper.run("umount", helper.mount).status == 0)
        #expect(!helper.isMounted)
        #expect(helper.waitForEnd())
        #expect(try FileManager.default.contentsOfDirectory(atPath: helper.folder.appending("tmp")) == [])
    }

    @Test func `a line of fstab mounts, once, with the options of mount, systemd and dicomfs`() throws {
        let port = Self.freePort()
        let log = helper.folder.appending("log")
        let fstab = try helper.fstab(
            "defaults,ro,nofail,user,_netdev,x-systemd.automount,noatime,nodev,nosuid,noexec,comment=x,"
                + "uid=1234,umask=0027,dicom_port=\(port),dicom_bind=127.0.0.1,aet=FSTAB,log=\(log)")
        for round in ["mounted", "already mounted"] {
            let done = try helper.run("mount", "-T", fstab, "-a", "-v")
            #expect(done.status == 0, "\(done.errors)")
            #expect(done.output.contains(round), "\(done.output)")
        }
        #expect(Processes.mounts.components(separatedBy: " \(helper.mount) ").count == 2)
        #expect(try helper.run("stat", "-c", "%u %a", helper.mount).output == "1234 550\n")
        #expect(try Program.run("/usr/bin/echoscu", ["-aec", "FSTAB", "127.0.0.1", "\(port)"]).status == 0)
        // By its own words, as root would.
        let again = try helper.run("mount", "-T", fstab, helper.mount)
        #expect(again.status == 32)
        #expect(again.errors.contains("is mounted by another dicomfs, which is running"), "\(again.errors)")
        // Something to log, where it was wanted.
        let babble = "import socket; s = socket.create_connection(('127.0.0.1', \(port))); s.send(b'GET / '); s.close()"
        #expect(try helper.run("/usr/bin/python3", "-c", babble).status == 0)
        #expect(try helper.run("umount", helper.mount).status == 0)
        #expect(helper.waitForEnd())
        #expect(try String(contentsOfFile: log, encoding: .utf8).contains("no association: "))
    }

    /// A port of 127.0.0.1 that was free just now.
    private static func freePort() -> UInt16 {
        let place = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(place) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(place, $0, length)
                getsockname(place, $0, &length)
            }
        }
        return UInt16(bigEndian: address.sin_port)
    }

    @Test(arguments: [
        ("", "--no-dicom"),
        ("rw,noauto,users,relatime", "--no-dicom"),
        ("uid=7,gid=8,timeout=5", "-o uid=7,gid=8,timeout=5 --no-dicom"),
        ("allow_other,dicom_port=104", "-o allow_other --dicom-port 104"),
        ("dicom_port=0,dicom_bind=::1,aet=A B", "--dicom-port 0 --dicom-bind ::1 --aet A B"),
    ])
    func `options go where they belong`(options: String, expected: String) throws {
        let done = try helper.run(helper.path, helper.archive, helper.mount, "-n", "-s", "-fv", "-o", options)
        #expect(done.status == 0, "\(done.errors)")
        #expect(done.errors.hasSuffix(" --mount \(helper.mount) \(expected)\n"), "\(done.errors)")
        #expect(!helper.isMounted)
    }

    @Test(arguments: [
        ("aet=X", 1, "dicom_bind and aet need dicom_port=N"),
        ("setuid=nobodyknows", 1, "setuid=nobodyknows: there is no such user"),
        ("colour=red", 1, "-o colour=red: unknown mount option; see dicomfs serve --help"),
        ("umask=9", 1, "umask takes an octal number"),
        ("dicom_port=70000", 1, "--dicom-port takes 0 to 65535"),
        ("dicom_port=0,dicom_bind=192.0.2.1", 32, "192.0.2.1"),
        ("log=/nowhere/log", 32, "/nowhere/log"),
    ])
    func `an option that is wrong is refused with a sentence and mount's exit code`(
        options: String, status: Int32, sentence: String
    ) throws {
        let done = try helper.mount(options)
        #expect(done.status == status)
        #expect(done.errors.contains(sentence), "\(done.errors)")
        #expect(!helper.isMounted)
        #expect(helper.waitForEnd())
    }

    @Test func `a place or an archive that is wrong is refused with a sentence and exit code 32`() throws {
        let file = try helper.folder.write("file", [])
        let missing = helper.folder.appending("missing")
        let cases = [
            (helper.archive, missing, 32, "make it with mkdir -p \(missing)"),
            (helper.archive, file, 32, "it is not a directory"),
            (
                missing, helper.mount, 32,
                "there is no folder \(missing); mount the disk it is on, or make it with mkdir"
            ),
            (helper.archive, helper.archive, 32, "lie within each other"),
        ]
        for (archive, place, status, sentence) in cases {
            let done = try helper.run("mount", "-t", "dicomfs", archive, place)
            #expect(done.status == status, "\(done.errors)")
            #expect(done.errors.contains(sentence), "\(done.errors)")
        }
        // Not made by looking.
        #expect(!FileManager.default.fileExists(atPath: missing))
        #expect(try helper.run(helper.path, helper.archive).status == 1)
    }

    @Test func `remount is refused with a sentence, and the mount stays`() throws {
        let files = try importStudy()
        let fstab = try helper.fstab("defaults")
        #expect(try helper.run("mount", "-T", fstab, helper.mount).status == 0)
        for arguments in [["-o", "remount", helper.mount], ["-T", fstab, "-o", "remount,rw", helper.mount]] {
            let done = try Program.run("timeout", ["60", "mount"] + arguments)
            #expect(done.status == 32)
            #expect(done.errors.contains("umount \(helper.mount), then mount it again"), "\(done.errors)")
        }
        #expect(try dicomFiles().count == files.count)
    }

    @Test func `umount of a mount in use is refused and harms nothing, and umount -l waits for the last user`() throws {
        let files = try importStudy()
        #expect(try helper.mount().status == 0)
        let path = try #require(try dicomFiles().first)
        let file = open(path, O_RDONLY | O_CLOEXEC)
        let busy = try helper.run("umount", helper.mount)
        #expect(busy.status == 32)
        #expect(busy.errors.contains("target is busy"), "\(busy.errors)")
        #expect(try dicomFiles().count == files.count)

        #expect(try helper.run("umount", "-l", helper.mount).status == 0)
        #expect(!helper.isMounted)
        var bytes = [UInt8](repeating: 0, count: 132)
        #expect(pread(file, &bytes, 132, 0) == 132)
        #expect(Array(bytes.suffix(4)) == Array("DICM".utf8))
        #expect(!helper.daemon.isEmpty)
        close(file)
        #expect(helper.waitForEnd())
    }

    @Test func `an archive can be mounted again right after umount`() throws {
        for _ in 0..<3 {
            let done = try helper.mount()
            #expect(done.status == 0, "\(done.errors)")
            #expect(try helper.run("umount", helper.mount).status == 0)
        }
    }

    @Test func `a mount whose daemon was killed can be unmounted, or mounted over`() throws {
        let files = try importStudy()
        #expect(try helper.mount().status == 0)
        Processes.kill(helper.daemon)
        var space = statvfs()
        #expect(statvfs(helper.mount, &space) != 0 && errno == ENOTCONN)
        #expect(try helper.run("umount", helper.mount).status == 0)
        #expect(!helper.isMounted)

        #expect(try helper.mount().status == 0)
        Processes.kill(helper.daemon)
        #expect(helper.isMounted)
        let done = try helper.mount()
        #expect(done.status == 0, "\(done.errors)")
        #expect(try dicomFiles().count == files.count)
        #expect(Processes.mounts.components(separatedBy: " \(helper.mount) ").count == 2)
    }

    @Test func `a helper that is interrupted takes the daemon with it`() throws {
        // One that is not ready for a long time.
        let program = helper.folder.appending("prefix/bin/dicomfs")
        unlink(program)
        let started = helper.folder.appending("started")
        _ = try helper.folder.write(
            "prefix/bin/dicomfs", Array("#!/bin/sh\necho $$ >'\(started)'\nexec sleep 300\n".utf8))
        chmod(program, 0o755)
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(null) }
        let child = try ChildProcess(
            helper.path, [helper.archive, helper.mount], environment: ["TMPDIR": helper.folder.appending("tmp")],
            descriptors: (null, null, null))
        var daemon: pid_t?
        while daemon == nil, child.isRunning {
            usleep(10_000)
            let text = (try? String(contentsOfFile: started, encoding: .utf8)) ?? ""
            daemon = text.hasSuffix("\n") ? pid_t(text.dropLast()) : nil
        }
        child.send(SIGTERM)
        #expect(child.wait() == 8)
        #expect(Glibc.kill(try #require(daemon), 0) != 0 && errno == ESRCH)
        #expect(try FileManager.default.contentsOfDirectory(atPath: helper.folder.appending("tmp")) == [])
    }

    @Test(.enabled(if: access("/usr/sbin/automount", X_OK) == 0, "there is no automount; package autofs"))
    func `autofs mounts it when it is looked at, and unmounts it when it is not`() throws {
        let files = try importStudy()
        let folder = helper.folder
        let place = try folder.makeFolder("auto")
        let map = try folder.write("map", Array("tree -fstype=dicomfs,uid=77 :\(helper.archive)\n".utf8))
        let master = try folder.write("master", Array("\(place) \(map) --timeout=1\n".utf8))
        let log = open(folder.appending("automount.log"), O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(log) }
        // Not our process group: else we could pass before it is mounted.
        let automount = try ChildProcess(
            "setsid", ["timeout", "-k", "1", "60", "automount", "-f", "-p", folder.appending("pid"), master],
            descriptors: (log, log, log))
        defer {
            // To itself: it hangs on the two signals that come by way of timeout(1).
            let pid = try? String(contentsOfFile: folder.appending("pid"), encoding: .utf8)
            if let pid = pid.flatMap({ pid_t($0.trimmingCharacters(in: .whitespacesAndNewlines)) }) {
                Glibc.kill(pid, SIGTERM)
            }
            automount.wait()
            umount2("\(place)/tree", Int32(MNT_DETACH))
            umount2(place, Int32(MNT_DETACH))
        }
        while !Processes.mounts.contains(" \(place) "), automount.isRunning { usleep(20_000) }
        let found = try helper.run("find", "\(place)/tree", "-name", "*.dcm", "-uid", "77")
        #expect(found.output.split(separator: "\n").count == files.count, "\(found.errors)")
        #expect(Processes.mounts.contains(" \(place)/tree "))
        #expect(helper.waitForEnd())
    }
}
