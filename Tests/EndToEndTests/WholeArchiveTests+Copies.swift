import TestSupport
import Testing

/// Programs that copy and count, over the whole tree.
extension WholeArchiveTests {
    @Test func `a second rsync transfers nothing, nor does one that compares the bytes`() throws {
        let folder = try TemporaryFolder()
        let copy = folder.appending("copy/")
        let first = try Program.run("rsync", ["-a", "--itemize-changes", "\(mount)/", copy])
        #expect(first.status == 0, "\(first.errors)")
        #expect(first.output.split(separator: "\n").filter { $0.hasPrefix(">f+++") }.count > 100)
        for options in [["-a"], ["-a", "--checksum", "--hard-links"]] {
            let again = try Program.run("rsync", options + ["--itemize-changes", "\(mount)/", copy])
            #expect(again.status == 0 && again.output == "", "\(again.output)\(again.errors)")
        }
    }

    @Test func `find, du, ls and sha256sum count and sum as in a copy`() throws {
        let folder = try TemporaryFolder()
        let copy = folder.appending("copy")
        #expect(try Program.run("cp", ["-a", mount, copy]).status == 0)
        for command in [
            "find . -type f -size +100k | sort", "find . -type f -size -3c | sort",
            "find . -type f -printf '%s %p\\n' | sort",
            "find . -type f -newermt 2020-01-01 ! -perm /222 | sort",
            "find . -name '*.dcm' -exec sha256sum {} + | sort",
            "find . -type f -print0 | du --files0-from=- -cb --apparent-size | sort",
            "ls -lR --time-style=full-iso | grep '^-' | sort", "find . -type d | sort",
        ] {
            let mounted = try Program.run("bash", ["-o", "pipefail", "-c", "cd \"$1\" && \(command)", "bash", mount])
            let copied = try Program.run("bash", ["-o", "pipefail", "-c", "cd \"$1\" && \(command)", "bash", copy])
            #expect(mounted.status == copied.status && mounted.errors == "", "\(command): \(mounted.errors)")
            #expect(mounted.output == copied.output, "\(command)")
        }
    }

    @Test func `df and findmnt show the archive as a file system`() throws {
        let shown = try Program.run("df", ["--output=source,size,avail,target", mount])
        #expect(shown.status == 0)
        let fields = shown.output.split(separator: "\n").last?.split(separator: " ") ?? []
        #expect(fields.first.map { $0 == SharedArchive.current.archive } == true, "\(shown.output)")
        #expect(fields.count == 4 && Int(fields[1]) ?? 0 > 0 && Int(fields[2]) ?? 0 > 0)
        let found = try Program.run("findmnt", ["-n", "-o", "FSTYPE,OPTIONS", mount])
        #expect(found.output.hasPrefix("fuse.dicomfs ") && found.output.contains("ro,"), "\(found.output)")
    }
}
