import Foundation
import Glibc
import TestSupport

/// A mount namespace of its own, in which a script mounts and is another user: for root. What is mounted there ends with it.
struct MountNamespace {
    let folder: TemporaryFolder

    /// Why there can be none here; nil when there can.
    static let obstacle: String? = geteuid() == 0 ? nil : "only root can make a mount namespace and a user of its own"

    /// Who is not root: `nobody`.
    static let user = 65534

    init() throws {
        folder = try TemporaryFolder()
        chmod(folder.path, 0o755)
        // Belongs to the user, who may mount and keep an archive in it.
        for name in ["archive", "mnt"] {
            chown(try folder.makeFolder(name), uid_t(Self.user), gid_t(Self.user))
        }
        // The namespace's program, wherever the real one is: others may not be able to reach that.
        _ = try folder.write("dicomfs", [])
    }

    /// Runs a shell script in it for a minute at most, with `$T` for the folder, `$A` for an archive, `$M` for a mount point,
    /// `$D` for the program, /dev/fuse open to all, and some functions:
    ///
    /// - `as_user COMMAND...` runs a program as ``user``; after `exec`, in place of the shell.
    /// - `serve USER-COMMAND... -- OPTIONS...` starts `dicomfs serve` and returns when it is ready, with its process in `$P` and
    ///   its log in `$T/log`; or shows why it is not, and fails.
    func run(_ script: String, propagation: String = "private") throws -> Program {
        try Program.run(
            "timeout",
            [
                "-k", "5", "60", "unshare", "-m", "--propagation", propagation, "sh", "-c", Self.prelude + script,
                folder.path, DicomFS.path,
            ])
    }

    private static let prelude = """
        set -u
        T=$0 A=$0/archive M=$0/mnt D=$0/dicomfs
        mount --bind "$1" "$D"
        rm -f "$T/fuse"; mknod "$T/fuse" c 10 229; chmod 666 "$T/fuse"; mount --bind "$T/fuse" /dev/fuse
        user="setpriv --reuid=\(user) --regid=\(user) --clear-groups"
        as_user() { $user -- "$@"; }
        serve() {
            by=; while [ $# -gt 0 ] && [ "$1" != -- ]; do by="$by $1"; shift; done; shift
            : >"$T/out"
            $by "$D" serve --archive "$A" --mount "$M" --no-dicom "$@" >"$T/out" 2>"$T/log" & P=$!
            until grep -q ready "$T/out"; do kill -0 $P 2>/dev/null || { wait $P; cat "$T/log"; return 1; }; sleep 0.05; done
        }

        """
}
