import Foundation
import Glibc
import TestSupport
import Testing

/// Commands whose standard streams are closed, full or no longer read.
struct StandardStreamTests {
    @Test func `a command whose standard streams are closed does its work and harms no file`() throws {
        let folder = try TemporaryFolder()
        let files = try Study.make(in: folder.appending("study"), images: 3)
        let archive = folder.appending("archive")
        // Without standard streams the archive's own files would be 0, 1 and 2.
        let script = #""$0" import --archive "$1" "$2" "$3" <&- >&- 2>&-"#
        let broken = try folder.write(
            "broken.dcm", [UInt8](Data(contentsOf: URL(fileURLWithPath: files[0]))).dropLast(9))
        let done = try Program.run("sh", ["-c", script, DicomFS.path, archive, folder.appending("study"), broken])
        // For what was refused, which could not be said.
        #expect(done.status == 1)
        #expect(try DicomFS.json([Listed].self, "list", "--archive", archive, "--level", "instance").count == 3)
        #expect(try DicomFS.run("verify", "--archive", archive).status == 0)
    }

    @Test func `a command that cannot write what it prints says so and exits with 1`() throws {
        let folder = try TemporaryFolder()
        let archive = folder.appending("archive")
        _ = try Study.make(in: folder.appending("study"), images: 1)
        #expect(try DicomFS.run("import", "--archive", archive, folder.appending("study")).status == 0)
        for target in ["/dev/full", "&-"] {
            let list = #""$0" list --archive "$1" >\#(target)"#
            let done = try Program.run("sh", ["-c", list, DicomFS.path, archive])
            #expect(done.status == 1)
            #expect(done.errors.hasPrefix("dicomfs: cannot write to standard output: "), "\(done.errors)")
        }
    }

    @Test func `a command whose output nobody reads any more ends as others do`() throws {
        let folder = try TemporaryFolder()
        let archive = folder.appending("archive")
        let note = try folder.write("note.txt", Array("text".utf8))
        #expect(try DicomFS.run("import", "--archive", archive, note).status == 0)
        for command in [["list", "--archive", archive, "--json"], ["import", "--archive", archive, note]] {
            let fifo = folder.appending("\(command[0]).fifo")
            mkfifo(fifo, 0o600)
            let reading = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
            let writing = open(fifo, O_WRONLY | O_CLOEXEC)
            close(reading)
            let input = open("/dev/null", O_RDONLY | O_CLOEXEC)
            let child = try ChildProcess(DicomFS.path, command, descriptors: (input, writing, writing))
            close(writing)
            close(input)
            #expect(child.wait() == 128 + SIGPIPE)
        }
    }
}
