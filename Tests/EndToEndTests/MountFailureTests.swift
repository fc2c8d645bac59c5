import Foundation
import Glibc
import TestSupport
import Testing

/// Mounts as another user than root, and what is said when that, or FUSE at all, is not possible.
@Suite(.enabled(if: MountNamespace.obstacle == nil, "\(MountNamespace.obstacle ?? "")"))
struct MountFailureTests {
    let space: MountNamespace

    init() throws { space = try MountNamespace() }

    @Test func `a user mounts by fusermount3, and unmounts by signal, fusermount3 and umount`() throws {
        _ = try Study.make(in: space.folder.appending("study"), images: 2)
        let done = try space.run(
            """
            chmod -R a+rX "$T/study"
            as_user "$D" import --archive "$A" "$T/study" >"$T/imported" || exit
            for way in "kill $$" "as_user fusermount3 -u" "as_user umount"; do
                serve $user -- || exit
                echo $(as_user find "$M" -name '*.dcm' -user \(MountNamespace.user) -exec tail -c 1 {} + | wc -c) files
                # Nobody but this user, not even root.
                ls "$M" 2>"$T/refused" && echo others see it
                case $way in kill*) kill $P ;; *) $way "$M" ;; esac
                wait $P; echo ended with $?
                grep -c " $M " /proc/self/mountinfo
            done
            """)
        #expect(done.status == 1 && done.errors == "", "\(done.errors)")
        let lines = done.output.split(separator: "\n").filter { !$0.contains("bytes") }
        #expect(lines.count == 9 && Set(lines).count == 3, "\(done.output)")
        #expect(lines.suffix(2) == ["ended with 0", "0"])
    }

    @Test(arguments: [
        Case(
            "NoNewPrivileges", by: "$user --no-new-privs",
            "fusermount3 needs rights that NoNewPrivileges denies to it; in a systemd unit remove NoNewPrivileges="),
        Case(
            "allow_other", by: "$user", options: "-o allow_other",
            "allow_other needs the line `user_allow_other` in /etc/fuse.conf",
            prepare: "echo '#user_allow_other' >$T/conf; mount --bind $T/conf /etc/fuse.conf"),
        Case(
            "no fusermount3", by: "$user",
            "there is no fusermount3; install it (apt-get install fuse3), or mount as root",
            prepare: """
                mkdir $T/upper $T/work
                mount -t overlay overlay -o lowerdir=/usr/bin,upperdir=$T/upper,workdir=$T/work /usr/bin
                rm /usr/bin/fusermount3
                """),
        Case(
            "fusermount3 not set-user-id", by: "$user",
            "/usr/bin/fusermount3 does not run as root; make it set-user-id",
            prepare: "cp /usr/bin/fusermount3 $T/fm; chmod 755 $T/fm; mount --bind $T/fm /usr/bin/fusermount3"),
        Case(
            "another's folder", by: "$user", "user 65534 cannot write there; mount at a folder of this user's own",
            prepare: "chown 0:0 $M"),
        Case(
            "a place out of reach", by: "$user", "Permission denied; user 65534 must be able to reach it",
            prepare: "mkdir -m 700 $T/closed $T/closed/mnt; M=$T/closed/mnt"),
        Case(
            "/dev/fuse not for this user", by: "$user", "cannot use /dev/fuse: Permission denied; let everybody use it",
            prepare: "chmod 600 $T/fuse"),
        Case(
            "no /dev/fuse", by: "env", "cannot use /dev/fuse: No such file or directory; load the kernel's module with",
            prepare: """
                mkdir $T/dev; mount -t tmpfs tmpfs $T/dev
                for name in null zero random urandom; do cp -a /dev/$name $T/dev; done
                mount --move $T/dev /dev
                """),
        Case(
            "root of a container", by: "setpriv --bounding-set=-sys_admin",
            "root has no CAP_SYS_ADMIN here; a container"),
        Case("no such place", by: "env", "make it with mkdir -p ", prepare: "M=$T/none"),
        Case("a file", by: "env", "it is not a directory", prepare: "M=$T/out"),
        Case("the archive in the mount", by: "env", "lie within each other", prepare: "M=$T"),
        Case("the mount in the archive", by: "env", "lie within each other", prepare: "mkdir $A/mnt; M=$A/mnt"),
    ])
    func `a mount that cannot be is refused with what to do`(refusal: Case) throws {
        let done = try space.run("\(refusal.prepare)\nserve \(refusal.by) -- \(refusal.options)")
        #expect(done.status == 1)
        let sentence = done.output.split(separator: "\n").last ?? ""
        #expect(sentence.hasPrefix("dicomfs: ") && sentence.contains(refusal.sentence), "\(done.output)\(done.errors)")
    }

    struct Case: CustomTestStringConvertible {
        var testDescription: String
        var by: String
        var options: String
        var sentence: String
        var prepare: String

        init(_ name: String, by: String, options: String = "", _ sentence: String, prepare: String = "") {
            testDescription = name
            (self.by, self.options, self.sentence, self.prepare) = (by, options, sentence, prepare)
        }
    }

    @Test func `a mount that stays in its namespace is warned of`() throws {
        let script = """
            serve env -- || exit
            grep -q " $M " /proc/self/mountinfo && ! grep -q " $M " /proc/1/mountinfo && echo hidden
            cat "$T/log"; kill $P; wait $P
            """
        for propagation in ["slave", "private"] {
            let done = try space.run(script, propagation: propagation)
            #expect(done.output.hasPrefix("hidden\n"), "\(done.errors)")
            #expect(
                done.output.contains(
                    "the mount at \(space.folder.appending("mnt")) is seen only by programs in the mount"))
            #expect(done.output.contains("in a systemd unit remove PrivateTmp=, ProtectSystem="))
        }
    }

    @Test func `a mount that is passed on to the machine is not warned of`() throws {
        let shared = space.folder.path
        try #require(Program.run("mount", ["--bind", shared, shared]).status == 0)
        defer { _ = try? Program.run("umount", ["-R", "-l", shared]) }
        try #require(Program.run("mount", ["--make-shared", shared]).status == 0)
        let done = try space.run(
            """
            serve env -- || exit
            grep -q " $M " /proc/1/mountinfo && echo visible
            cat "$T/log"; kill $P; wait $P
            """, propagation: "unchanged")
        #expect(done.output.hasPrefix("visible\n"), "\(done.output)\(done.errors)")
        #expect(!done.output.contains("is seen only by"))
    }

    @Test func `mount -t dicomfs with setuid= runs the daemon as that user`() throws {
        let helper = space.folder.appending("mount.dicomfs")
        let source =
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path + "/mount/mount.dicomfs"
        try Program.copy(source, to: helper)
        let done = try space.run(
            """
            export PATH="$T:$PATH"
            "$T/mount.dicomfs" "$A" "$M" -o setuid=nobody,log="$T/log" || exit
            as_user stat -c '%u %a' "$M" "$A/db"
            as_user umount "$M"
            """)
        #expect(done.status == 0, "\(done.errors)")
        #expect(done.output.hasPrefix("\(MountNamespace.user) 550\n\(MountNamespace.user) "), "\(done.output)")
    }
}
