import Foundation
import Glibc
import TestSupport
import Testing

/// What an import has said is stored is there, whatever happens afterwards.
@Suite(.enabled(if: Python.path != nil, "\(Python.missing)"))
struct ImportCrashTests {
    /// How often an import is killed: `tools/crash-loop` asks for more.
    private static let rounds =
        ProcessInfo.processInfo.environment["DICOMFS_TEST_CRASHES"].flatMap { Int($0) } ?? 3

    @Test func `every file that an import has named survives kill -9 at any moment, and the rest comes next time`()
        throws
    {
        let folder = try TemporaryFolder()
        // Several groups of some 50 MiB.
        let sources = try Study.make(in: folder.appending("study"), images: 320, size: 512, noise: true)
        for round in 0..<Self.rounds {
            let archive = folder.appending("archive-\(round)")
            let output = folder.appending("output")
            let written = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
            let null = open("/dev/null", O_RDWR | O_CLOEXEC)
            defer {
                close(written)
                close(null)
            }
            let importing = try ChildProcess(
                DicomFS.path, ["import", "-v", "--archive", archive, folder.appending("study")],
                descriptors: (null, written, null))
            // In the first rounds when something was named, later at any moment.
            var isNamed = round > 2
            while !isNamed, importing.isRunning {
                usleep(2000)
                isNamed = try !String(contentsOfFile: output, encoding: .utf8).isEmpty
            }
            usleep(UInt32.random(in: 0..<(round > 2 ? 1_500_000 : 200_000)))
            importing.send(SIGKILL)
            importing.wait()

            let lines = try String(contentsOfFile: output, encoding: .utf8).split(separator: "\n")
            let named = lines.filter { $0.hasPrefix("stored ") && $0.hasSuffix(".dcm") }.map {
                $0.split(separator: " ")[1]
            }
            guard access(archive + "/dicomfs-archive", F_OK) == 0 else {
                #expect(named.isEmpty)
                continue
            }
            if round <= 2 { #expect(!named.isEmpty) }
            let verified = try DicomFS.run("verify", "--archive", archive)
            #expect(verified.status == 0, "\(verified.errors)")
            let found = try DicomFS.json([Listed].self, "list", "--archive", archive, "--level", "instance")
            #expect(Set(named.map { String($0) }).isSubset(of: found.map(\.id)))

            let again = try DicomFS.run("import", "--archive", archive, folder.appending("study"))
            #expect(again.output.contains("stored \(sources.count - found.count), already stored \(found.count)"))
            #expect(try DicomFS.run("verify", "--archive", archive).status == 0)
            try FileManager.default.removeItem(atPath: archive)
        }
    }

    @Test func `-v names each file with what became of it and its identifier`() throws {
        let folder = try TemporaryFolder()
        let source = try #require(try Study.make(in: folder.appending("study"), images: 1).first)
        let archive = folder.appending("archive")
        let first = try DicomFS.run("import", "-v", "--archive", archive, source)
        let listed = try DicomFS.json([Listed].self, "list", "--archive", archive, "--level", "instance")
        let id = try #require(listed.first?.id)
        #expect(first.output.hasPrefix("stored \(id) \(source)\n"))
        let second = try DicomFS.run("import", "-v", "--archive", archive, source)
        #expect(second.output.hasPrefix("already stored \(id) \(source)\n"))
    }
}
